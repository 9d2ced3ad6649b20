"""Every call of the client, one file a noun."""

from __future__ import annotations

from mixpanel_headless.operation import Mode

from .alerts import Alerts
from .annotations import Annotations
from .blueprints import Blueprints
from .bookmarks import Bookmarks
from .budget import Budgeting
from .cohorts import Cohorts
from .discovery import Discovery
from .experiments import Experiments
from .exports import Exports
from .fanin import FanIn
from .feature_flags import FeatureFlags
from .flows import Flows
from .identity import Identity
from .insights import Insights
from .report_links import ReportLinks
from .users import Users
from .webhooks import Webhooks


class Catalog(
    ReportLinks[Mode],
    Alerts[Mode],
    Annotations[Mode],
    Blueprints[Mode],
    Bookmarks[Mode],
    Cohorts[Mode],
    Experiments[Mode],
    FeatureFlags[Mode],
    Webhooks[Mode],
    Insights[Mode],
    Flows[Mode],
    Users[Mode],
    Discovery[Mode],
    Identity[Mode],
    Budgeting[Mode],
    FanIn[Mode],
    Exports[Mode],
):
    """All families together: what both workspaces offer."""
