"""What type checkers see of the two folders whose files are found while the program runs: families and models.

python tests/packaging/stubs.py   # writes the __init__.pyi of both
"""

from __future__ import annotations

from pathlib import Path

import mixpanel_headless.models
from mixpanel_headless import families
from mixpanel_headless._lazy import names_in

PACKAGE = Path(mixpanel_headless.__file__).parent
HEAD = "# Written by `python tests/packaging/stubs.py`; run it after adding or renaming a family or a file of models.\n"


def stubs() -> dict[Path, str]:
    """The text of each stub by its place."""
    return {PACKAGE / "families" / "__init__.pyi": families_stub(), PACKAGE / "models" / "__init__.pyi": models_stub()}


def families_stub() -> str:
    """The catalog with its bases written out."""
    found = [(family.__module__.rpartition(".")[2], family.__name__) for family in families.find_families()]
    imports = "".join(f"from .{module} import {name}\n" for module, name in found)
    bases = "".join(f"    {name}[Mode],\n" for _, name in found)
    head = f"{HEAD}\nfrom typing import Any\n\nfrom mixpanel_headless.operation import Mode, Surface\n\n{imports}"
    return f"{head}\ndef find_families() -> list[type[Surface[Any]]]: ...\n\nclass Catalog(\n{bases}): ...\n"


def models_stub() -> str:
    """The names that each file of models exports."""
    exporting = sorted({*names_in("mixpanel_headless.models", "").values()})
    return HEAD + "\n" + "".join(f"from .{module} import *\n" for module in exporting)


if __name__ == "__main__":
    for place, text in stubs().items():
        place.write_text(text, encoding="utf-8")
