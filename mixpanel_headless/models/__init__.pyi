# Written by `python tests/packaging/stubs.py`; run it after adding or renaming a family or a file of models.

from .alerts import *
from .annotations import *
from .anomalies import *
from .behaviors import *
from .bookmarks import *
from .business_context import *
from .cohorts import *
from .custom_events import *
from .custom_properties import *
from .dashboards import *
from .definitions import *
from .deletions import *
from .drop_filters import *
from .experiments import *
from .feature_flags import *
from .identity import *
from .lexicon import *
from .lookup_tables import *
from .metrics import *
from .params import *
from .report_links import *
from .schemas import *
from .webhooks import *
