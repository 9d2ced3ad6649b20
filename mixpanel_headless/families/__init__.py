"""Every call of the client, one file a noun.

To add a family, write `families/X.py` and `models/X.py`; both modes, policy, dry run, audit, the command, the sandbox and the
exported names follow from the definitions. The one class of the file that has calls is the family:

    class Dashboards(Surface[Mode]):
        @operation
        def update_dashboard(self, dashboard_id: int, params: kinds.UpdateDashboardParams) -> Request[kinds.Dashboard]:
            return patch(at("dashboards/{}", dashboard_id), kinds.Dashboard, scope=VIEW, json=params)

- `models/dashboards.py` names what it exports as `__all__ = ("Dashboard", "UpdateDashboardParams")`, in exactly that form, since
  it is read before anything is imported (`_lazy.py`); `models/annotations.py` is a short example of entities and params.
- The module's name is the family that policies name; `app_api` makes the request; `at` encodes ids, one segment each, and
  tells policy and audit what the call is about.
- The verb follows from the first word of the name, and so does whether a call is destructive or bulk
  (`governance/facts.py`). Where that misleads, the definition says it: `@operation(verb="share")`, `destructive=True`,
  `bulk=True`, `reaches_people=True`, or `before="get_dashboard"` for what reads the thing that it changes, which is
  `get_` or `list_` with the same noun unless it says so. A bulk call lists its things in the body; one that does not sets
  `entities` of its request.
- The command is `mp dashboards update`: the family and the name without its noun (`cli/naming.py`). Where that misleads,
  `@operation(command="...")` names it; "" says that there is none.
- A line of a docstring such as ``- `last`: so many days`` is the help of that option, ``- others: those of `query`.``
  takes what another call tells of the rest, and a paragraph that begins with "Raises" is for programs alone
  (`cli/told.py`).
- A call in several steps is a `composite` over operations, private ones (`_name`) too; whatever it sends is governed step by
  step, and one whose name says that it changes something is refused as a whole before its first.
- Type checkers, which run nothing, see the families and the models in `__init__.pyi` of both folders;
  `python tests/packaging/stubs.py` writes them.
"""

from __future__ import annotations

import importlib
import pkgutil

from mixpanel_headless.operation import Mode, Named, Surface


def find_families() -> list[type[Surface]]:
    """The class of each file of this folder that has one, by the names of the files; those that others extend left out."""
    names = [f"{__name__}.{file.name}" for file in pkgutil.iter_modules(__path__)]
    found = [family for name in names if (family := family_in(name))]
    extended = {base for family in found for base in family.__mro__[1:]}
    return [family for family in found if family not in extended]


def family_in(name: str) -> type[Surface] | None:
    """The class of a module that has calls; None for one that is no family's, such as `reports`.

    One that is made by itself, with an `__init__`, is no family either. TypeError if a family has none such or several.
    """
    defined = {one for one in vars(importlib.import_module(name)).values() if isinstance(one, type)}
    meant = {one for one in defined if one.__module__ == name and (issubclass(one, Surface) or defines(one, Named))}
    if not meant:
        return None
    found = {
        one
        for one in meant
        if issubclass(one, Surface) and "__init__" not in vars(one) and defines(one, Named, property)
    }
    if len(found) != 1:
        several = " and ".join(sorted(one.__name__ for one in found)) or "none"
        raise TypeError(f"{name} must have one class of calls, a Surface[Mode] with an @operation; it has {several}.")
    return found.pop()


def defines(kind: type, *sorts: type) -> bool:
    """Whether a class has something of these sorts itself."""
    return any(isinstance(one, sorts) for one in vars(kind).values())


class Catalog(*[family[Mode] for family in find_families()]):
    """All families together: what both workspaces offer."""
