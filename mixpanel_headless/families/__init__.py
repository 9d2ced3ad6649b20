"""Every call of the client, one file a noun.

To add a family, write `families/X.py` and `models/X.py`; both modes, policy, dry run, audit, the command, the sandbox and the
exported names follow from the definitions. The last class of the file is the family:

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
- A line of a docstring such as ``- `last`: so many days`` is the help of that option. What another call tells of its
  arguments holds where `The arguments are those of` it, or `What is not told here is as in` it (`cli/told.py`).
- A call in several steps is a `composite` over operations, private ones (`_name`) too; whatever it sends is governed step by
  step, and one whose name says that it changes something is refused as a whole before its first.
- Type checkers, which run nothing, see the families and the models in `__init__.pyi` of both folders;
  `python tests/packaging/stubs.py` writes them.
"""

from __future__ import annotations

import importlib
import pkgutil

from mixpanel_headless.operation import Mode, Surface


def find_families() -> list[type[Surface]]:
    """The class of each file of this folder that has one, by the names of the files; those that others extend left out."""
    names = [f"{__name__}.{file.name}" for file in pkgutil.iter_modules(__path__)]
    found = [family for name in names if (family := last_surface(name))]
    extended = {base for family in found for base in family.__mro__[1:]}
    return [family for family in found if family not in extended]


def last_surface(name: str) -> type[Surface] | None:
    """The last class of operations that a module defines."""
    defined = [one for one in vars(importlib.import_module(name)).values() if isinstance(one, type)]
    return next((one for one in reversed(defined) if one.__module__ == name and issubclass(one, Surface)), None)


class Catalog(*[family[Mode] for family in find_families()]):
    """All families together: what both workspaces offer."""
