# Written by `python tests/packaging/stubs.py`; run it after adding or renaming a family or a file of models.

from typing import Any

from mixpanel_headless.operation import Mode, Surface

from .activity import Activity
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
from .fanin import FanIn
from .feature_flags import FeatureFlags
from .legacy import Legacy
from .lexicon import Lexicon
from .lookup_tables import LookupTables
from .metrics import Metrics
from .mirror import Mirrors
from .replays import Replays
from .report_links import ReportLinks
from .saved import SavedReports
from .schemas import Schemas
from .users import Users
from .webhooks import Webhooks

def find_families() -> list[type[Surface[Any]]]: ...

class Catalog(
    Activity[Mode],
    Alerts[Mode],
    Annotations[Mode],
    Anomalies[Mode],
    Auditing[Mode],
    Behaviors[Mode],
    Blueprints[Mode],
    Bookmarks[Mode],
    Budgeting[Mode],
    BusinessContexts[Mode],
    Cohorts[Mode],
    CustomEvents[Mode],
    CustomProperties[Mode],
    Definitions[Mode],
    Deletions[Mode],
    Discovery[Mode],
    DropFilters[Mode],
    Experiments[Mode],
    FanIn[Mode],
    FeatureFlags[Mode],
    Legacy[Mode],
    Lexicon[Mode],
    LookupTables[Mode],
    Metrics[Mode],
    Mirrors[Mode],
    Replays[Mode],
    ReportLinks[Mode],
    SavedReports[Mode],
    Schemas[Mode],
    Users[Mode],
    Webhooks[Mode],
): ...
