"""Which command stands for which call: by its family and its own name, unless its definition says `command=...`.

`mp GROUP NAME`: the group is the family's, the name is the call's without the family's noun: `list_cohorts_full` of the
family cohorts is `mp cohorts list`, `query_funnel` is `mp query funnel`.
"""

from __future__ import annotations

import functools
import re
from inspect import getattr_static
from pathlib import Path
from typing import Any

from mixpanel_headless.cli.groups import Entry

GROUPS: dict[str, str] = {
    **dict.fromkeys(("insights", "funnels", "retention", "flows", "users", "legacy", "saved"), "query"),
    **dict.fromkeys(("discovery", "identity", "lexicon"), "inspect"),
    "exports": "export",
    "bookmarks": "reports",
    "definitions": "lexicon",
    "feature_flags": "flags",
    **dict.fromkeys(("audit_trail", "budget", "fanin"), ""),  # mp audit and mp budget read what is here; calls of calls
}
"""Families whose group has another name; "" for those without commands."""
TOGETHER = {
    "query": "Ask: insights, funnels, retention, flows, users, saved and older reports.",
    "inspect": "What there is: events, properties, values, saved things, and who asks.",
    "export": "Raw events and profiles, as lines or into files.",
}
"""What groups of several families say about themselves."""
NOUNS: dict[str, tuple[str, ...]] = {
    "bookmarks": ("bookmarks", "reports"),
    "definitions": ("lexicon",),
    "feature_flags": ("feature_flags", "flags"),
    "lookup_tables": ("lookup_tables", "lookup"),
}
"""The nouns of families that go by others than their own."""
BARE = ("full", "v2")
"""Last words of names that tell versions apart."""

FAMILY = re.compile(r"^class \w+\(\w+\[Mode\]", re.MULTILINE)
"""What stands in a file of operations."""


def group_of(family: str, name: str = "") -> str:
    """The group of a call of a family; questions are asked in one place."""
    if name.startswith("query_"):
        return "query"
    return GROUPS.get(family, family.replace("_", "-"))


def derived_groups() -> dict[str, Entry]:
    """The groups of all families with what they say about themselves; reads files and imports none."""
    found: dict[str, Entry] = {}
    for path in sorted((Path(__file__).parents[1] / "families").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        group = group_of(path.stem)
        if group and FAMILY.search(text):
            said = TOGETHER.get(group) or re.sub("`", "", text[3:].partition("\n")[0].removesuffix('"""'))
            found.setdefault(group, Entry("mixpanel_headless.cli.operations", "group", said, made=True))
    return found


@functools.cache
def operations() -> dict[str, dict[str, Any]]:
    """Every call by the name of its group and of its command."""
    from mixpanel_headless.operation import Named
    from mixpanel_headless.workspace import Workspace

    found: dict[str, dict[str, Any]] = {}
    methods = (getattr_static(Workspace, name) for name in sorted(dir(Workspace)) if not name.startswith("_"))
    for method in (one for one in methods if isinstance(one, Named)):
        group = group_of(method.family, method.name)
        command = method.said.get("command", command_name(method.family, method.name))
        if group and command:
            inside = found.setdefault(group, {})
            inside[command if command not in inside else method.name.replace("_", "-")] = method
    return found


def command_name(family: str, name: str) -> str:
    """The name of a call's command, the noun that its group says already left out."""
    group = group_of(family, name)
    if group in TOGETHER:
        return name.removeprefix(f"{group}_").replace("_", "-")
    short = name
    for noun in NOUNS.get(family, (family,)):
        one = singular(noun)
        short = re.sub(rf"^((?:bulk_)?[a-z]+)_(?:{noun}|{one})(?=_|$)", r"\1", short)
        short = re.sub(rf"^(?:{noun}|{one})_", "", short)
        short = re.sub(rf"(?:_to|_from|_for)?_(?:{noun}|{one})$", "", short)
    for word in BARE:
        short = short.removesuffix(f"_{word}")
    return short.replace("_", "-")


def singular(noun: str) -> str:
    return noun.removesuffix("ies") + "y" if noun.endswith("ies") else noun.removesuffix("s")
