"""Every call of the client, one file a noun.

To add a family, write `families/X.py` and `models/X.py`, import its class below and make it a base of `Catalog`, and add
`from .models.X import *` to the package's `__init__.py`; both modes, policy, dry run, audit, the command and the cache
follow from the definitions:

    class Dashboards(Surface[Mode]):
        @operation
        def update_dashboard(self, dashboard_id: int, params: kinds.UpdateDashboardParams) -> Request[kinds.Dashboard]:
            return patch(at("dashboards/{}", dashboard_id), kinds.Dashboard, scope=VIEW, json=params)

- The module's name is the family that policies name; `app_api` makes the request; `at` encodes ids, one segment each, and
  tells policy and audit what the call is about.
- The verb follows from the first word of the name, and so does whether a call is destructive or bulk
  (`governance/facts.py`). Where that misleads, the definition says it: `@operation(verb="share")`, `destructive=True`,
  `bulk=True`, `reaches_people=True`, or `before="get_dashboard"` for what reads the thing that it changes, which is
  `get_` or `list_` with the same noun unless it says so. A bulk call lists its things in the body; one that does not sets
  `entities` of its request.
- The command is `mp dashboards update`: the family and the name without its noun (`cli/naming.py`). Where that misleads,
  `@operation(command="...")` names it; "" says that there is none.
- A call in several steps is a `composite` over operations, private ones (`_name`) too; whatever it sends is governed step by
  step, and one whose name says that it changes something is refused as a whole before its first.
"""

from __future__ import annotations

from mixpanel_headless.operation import Mode

from .alerts import Alerts
from .annotations import Annotations
from .anomalies import Anomalies
from .audit_trail import Auditing
from .behaviors import Behaviors
from .blueprints import Blueprints
from .bookmarks import Bookmarks
from .budget import Budgeting
from .business_context import BusinessContexts
from .cohorts import Cohorts
from .custom_events import CustomEvents
from .custom_properties import CustomProperties
from .definitions import Definitions
from .deletions import Deletions
from .discovery import Discovery
from .drop_filters import DropFilters
from .experiments import Experiments
from .exports import Exports
from .fanin import FanIn
from .feature_flags import FeatureFlags
from .flows import Flows
from .funnels import Funnels
from .identity import Identity
from .insights import Insights
from .legacy import Legacy
from .lexicon import Lexicon
from .lookup_tables import LookupTables
from .metrics import Metrics
from .mirror import Mirrors
from .replays import Replays
from .report_links import ReportLinks
from .retention import Retention
from .saved import SavedReports
from .schemas import Schemas
from .users import Users
from .webhooks import Webhooks


class Catalog(
    ReportLinks[Mode],
    Alerts[Mode],
    Annotations[Mode],
    Blueprints[Mode],
    Bookmarks[Mode],
    Cohorts[Mode],
    CustomEvents[Mode],
    CustomProperties[Mode],
    Definitions[Mode],
    DropFilters[Mode],
    Schemas[Mode],
    Anomalies[Mode],
    Deletions[Mode],
    BusinessContexts[Mode],
    LookupTables[Mode],
    Legacy[Mode],
    SavedReports[Mode],
    Lexicon[Mode],
    Replays[Mode],
    Metrics[Mode],
    Behaviors[Mode],
    Experiments[Mode],
    FeatureFlags[Mode],
    Webhooks[Mode],
    Insights[Mode],
    Funnels[Mode],
    Retention[Mode],
    Flows[Mode],
    Users[Mode],
    Discovery[Mode],
    Identity[Mode],
    Budgeting[Mode],
    Auditing[Mode],
    FanIn[Mode],
    Mirrors[Mode],
    Exports[Mode],
):
    """All families together: what both workspaces offer."""
