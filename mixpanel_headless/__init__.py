"""Mixpanel as one Python object: every call shares one fair queue and one budget.

import mixpanel_headless as mp
mp.Workspace().query("Sign Up", last=7)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import types as types
    from .accounts.limits import Lifetimes as Lifetimes
    from .accounts.limits import Limits as Limits
    from .errors import APIError as APIError
    from .errors import AuditError as AuditError
    from .errors import AuthenticationError as AuthenticationError
    from .errors import BookmarkValidationError as BookmarkValidationError
    from .errors import BudgetError as BudgetError
    from .errors import BudgetExhausted as BudgetExhausted
    from .errors import BusinessContextValidationError as BusinessContextValidationError
    from .errors import ClosedError as ClosedError
    from .errors import ConfigError as ConfigError
    from .errors import CredentialsRefused as CredentialsRefused
    from .errors import DeadlineUnreachable as DeadlineUnreachable
    from .errors import EventNotFoundError as EventNotFoundError
    from .errors import InvalidArgumentError as InvalidArgumentError
    from .errors import InvalidResponseError as InvalidResponseError
    from .errors import MirrorError as MirrorError
    from .errors import MissingExtraError as MissingExtraError
    from .errors import MixpanelHeadlessError as MixpanelHeadlessError
    from .errors import ParamTypeError as ParamTypeError
    from .errors import ParamValidationError as ParamValidationError
    from .errors import PlanOutdated as PlanOutdated
    from .errors import PolicyDenied as PolicyDenied
    from .errors import QueryError as QueryError
    from .errors import QueueFull as QueueFull
    from .errors import RateLimitError as RateLimitError
    from .errors import ReplayNotFoundError as ReplayNotFoundError
    from .errors import ReportLinkNotFoundError as ReportLinkNotFoundError
    from .errors import ReportLinkParseError as ReportLinkParseError
    from .errors import ReportLinkScopeMismatchError as ReportLinkScopeMismatchError
    from .errors import ResponseValidationError as ResponseValidationError
    from .errors import ServerError as ServerError
    from .errors import SessionReplayAccessError as SessionReplayAccessError
    from .errors import SignedURLExpiredError as SignedURLExpiredError
    from .errors import TaskCeilingReached as TaskCeilingReached
    from .errors import TransportError as TransportError
    from .errors import UnsupportedReplayFormatError as UnsupportedReplayFormatError
    from .errors import UnsupportedReportLinkError as UnsupportedReportLinkError
    from .errors import ValidationError as ValidationError
    from .errors import WorkspaceScopeError as WorkspaceScopeError
    from .families.audit_trail import AuditTrail as AuditTrail
    from .fanin import Done as Done
    from .fanin import Gathered as Gathered
    from .fanin import Planned as Planned
    from .fanin import later as later
    from .governance.chain import Finding as Finding
    from .governance.foresight import Difference as Difference
    from .governance.plan import ChangePlan as ChangePlan
    from .governance.plan import DryRun as DryRun
    from .governance.plan import PlannedChange as PlannedChange
    from .governance.policy import Policy as Policy
    from .governance.policy import Rule as Rule
    from .governance.trail import AuditRow as AuditRow
    from .governance.trail import Verification as Verification
    from .models import *
    from .observers import count_calls as count_calls
    from .observers import trace_calls as trace_calls
    from .options import Task as Task
    from .query.behaviors import BehaviorRef as BehaviorRef
    from .query.behaviors import Exclusion as Exclusion
    from .query.behaviors import FunnelBehavior as FunnelBehavior
    from .query.behaviors import HoldingConstant as HoldingConstant
    from .query.behaviors import RetentionBehavior as RetentionBehavior
    from .query.behaviors import SimpleBehavior as SimpleBehavior
    from .query.bookmark import validate_bookmark as validate_bookmark
    from .query.cohorts import CohortBreakdown as CohortBreakdown
    from .query.cohorts import CohortCriteria as CohortCriteria
    from .query.cohorts import CohortDefinition as CohortDefinition
    from .query.comparisons import TimeComparison as TimeComparison
    from .query.custom_properties import CustomPropertyRef as CustomPropertyRef
    from .query.custom_properties import InlineCustomProperty as InlineCustomProperty
    from .query.custom_properties import PropertyInput as PropertyInput
    from .query.filters import Filter as Filter
    from .query.formulas import Formula as Formula
    from .query.frequency import FrequencyBreakdown as FrequencyBreakdown
    from .query.frequency import FrequencyFilter as FrequencyFilter
    from .query.groups import GroupBy as GroupBy
    from .query.groups import ListItemGroupMode as ListItemGroupMode
    from .query.metric_refs import MetricRef as MetricRef
    from .query.metric_refs import WarehouseMetric as WarehouseMetric
    from .query.metrics import CohortMetric as CohortMetric
    from .query.metrics import FunnelMetric as FunnelMetric
    from .query.metrics import Metric as Metric
    from .query.metrics import RetentionMetric as RetentionMetric
    from .query.saved_definitions import RawBehaviorDefinition as RawBehaviorDefinition
    from .query.saved_definitions import RawMetricDefinition as RawMetricDefinition
    from .query.steps import CustomEventRef as CustomEventRef
    from .query.steps import FlowStep as FlowStep
    from .query.steps import FunnelStep as FunnelStep
    from .query.steps import RetentionEvent as RetentionEvent
    from .replays.bundle import ReplayBundle as ReplayBundle
    from .replays.recording import Replay as Replay
    from .replays.values import ReplayEvent as ReplayEvent
    from .replays.values import ReplaySummary as ReplaySummary
    from .replays.values import SignedReplay as SignedReplay
    from .replays.values import UserAction as UserAction
    from .results.activity import ActivityFeedResult as ActivityFeedResult
    from .results.activity import UserEvent as UserEvent
    from .results.budget import BudgetReport as BudgetReport
    from .results.budget import PoolReport as PoolReport
    from .results.curves import Curve as Curve
    from .results.discovery import FunnelInfo as FunnelInfo
    from .results.discovery import Listing as Listing
    from .results.discovery import SavedCohort as SavedCohort
    from .results.discovery import SubPropertyInfo as SubPropertyInfo
    from .results.discovery import TopEvent as TopEvent
    from .results.drawings import Grid as Grid
    from .results.drawings import Stages as Stages
    from .results.exports import Exported as Exported
    from .results.exports import ExportedFile as ExportedFile
    from .results.flow_trees import FlowTreeNode as FlowTreeNode
    from .results.flows import FlowQueryResult as FlowQueryResult
    from .results.funnels import FunnelQueryResult as FunnelQueryResult
    from .results.insights import QueryResult as QueryResult
    from .results.legacy import CohortInfo as CohortInfo
    from .results.legacy import EventCountsResult as EventCountsResult
    from .results.legacy import FrequencyResult as FrequencyResult
    from .results.legacy import FunnelResult as FunnelResult
    from .results.legacy import FunnelResultStep as FunnelResultStep
    from .results.legacy import NumericAverageResult as NumericAverageResult
    from .results.legacy import NumericBucketResult as NumericBucketResult
    from .results.legacy import NumericSumResult as NumericSumResult
    from .results.legacy import PropertyCountsResult as PropertyCountsResult
    from .results.legacy import RetentionResult as RetentionResult
    from .results.legacy import SegmentationResult as SegmentationResult
    from .results.mirror import MirrorReport as MirrorReport
    from .results.plan import Plan as Plan
    from .results.plan import PlannedCall as PlannedCall
    from .results.provenance import Provenance as Provenance
    from .results.provenance import SentRequest as SentRequest
    from .results.retention import RetentionQueryResult as RetentionQueryResult
    from .results.saved import FlowsResult as FlowsResult
    from .results.saved import SavedReportResult as SavedReportResult
    from .results.schema_graph import SchemaGraph as SchemaGraph
    from .results.table import Table as Table
    from .results.users import UserQueryResult as UserQueryResult
    from .workspace import AsyncWorkspace as AsyncWorkspace
    from .workspace import Workspace as Workspace
else:
    from ._lazy import lazy_exports

    __getattr__, __dir__ = lazy_exports(__name__, "models")
