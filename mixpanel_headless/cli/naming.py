"""Which command stands for which call: by its family and its own name, unless its definition says `command=...`.

`mp GROUP NAME`: the group is the family's, the name is the call's without the family's noun: `list_cohorts_full` of the
family cohorts is `mp cohorts list`, `query_funnel` is `mp query funnel`.
"""

from __future__ import annotations

import ast
import functools
import re
from inspect import getattr_static
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mixpanel_headless.cli.groups import Entry
from mixpanel_headless.governance.nouns import singular

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUPS: dict[str, str] = {
    **dict.fromkeys(("insights", "funnels", "retention", "flows", "users", "legacy", "activity", "saved"), "query"),
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

CALL_WISHES = ("deadline", "max_age", "priority", "freshness", "source", "tenant")
"""What `with_options` takes and every command that asks."""
SPELLED_WISHES = {name: f"--{name.replace('_', '-')}" for name in CALL_WISHES}
"""How they are called on the command line."""

BULK = re.compile(r"^delete-\w+s$")
"""Calls that delete several things, which other families call a bulk deletion."""
FAMILY = re.compile(r"^class \w+\(\w+\[Mode\]", re.MULTILINE)
"""What stands in a file of operations."""


HEAD = re.compile(r'(?:#.*\n|\s)*"""(.*?)(?:"""|\n)')
"""The first line of a file's docstring, with what may stand before it."""


def group_of(family: str, name: str = "") -> str:
    """The group of a call of a family; questions are asked in one place."""
    if name.startswith("query_"):
        return "query"
    return GROUPS.get(family, family.replace("_", "-"))


def derived_groups() -> dict[str, Entry]:
    """The groups of all families with what they say about themselves; reads files and imports none."""
    found: dict[str, Entry] = {}
    for path in family_files():
        text = path.read_text(encoding="utf-8")
        group = group_of(path.stem)
        if group and FAMILY.search(text):
            said = TOGETHER.get(group) or spoken(path.stem, text)
            found.setdefault(group, Entry("mixpanel_headless.cli.listing", "group", said, made=True))
    return found


def spoken(family: str, text: str) -> str:
    """What a file of operations says about itself in one line, else what it is called."""
    found = HEAD.match(text)
    return found[1].replace("`", "") if found else family.replace("_", " ").capitalize()


def calls_of(group: str) -> dict[str, str]:
    """The docstring of each call of a group by its command's name; reads files and imports none."""
    return {name: call.doc for name, call in written_in(group).items()}


@functools.cache
def written_in(group: str) -> dict[str, Call]:
    """Each call of a group by its command's name; reads files and imports none."""
    found = [call for path in family_files() for call in written_calls(path, group)]
    inside: dict[str, Call] = {}
    for call in sorted(found, key=lambda call: call.name):
        if call.command and group_of(call.family, call.name) == group:
            inside[call.command if call.command not in inside else call.name.replace("_", "-")] = call
    return inside


@functools.cache
def aliases_of(group: str) -> dict[str, str]:
    """Other names that the commands of a group answer to, which no list shows: the call's own, and those without `get`.

    What two commands could mean stands for neither.
    """
    commands = written_in(group)
    meant: dict[str, set[str]] = {}
    for command, call in commands.items():
        own = call.name.replace("_", "-")
        for other in (own, call.name, re.sub("^(?:get|list)-", "", command), BULK.sub("bulk-delete", own)):
            if other not in commands:
                meant.setdefault(other, set()).add(command)
    return {other: one for other, (one, *more) in meant.items() if not more}


def written_commands(names: set[str]) -> dict[str, str]:
    """The commands of some calls by the calls' names as `commands` has them; reads their files and imports none."""
    wanted = {call_name(name): name for name in names if "_" in name or name.endswith("()")}
    groups = {
        group_of(path.stem, name)
        for path in family_files()
        for name in wanted
        if f"def {name}(" in path.read_text(encoding="utf-8")
    }
    return {
        wanted[call.name]: f"mp {group} {command}"
        for group in sorted(groups)
        for command, call in written_in(group).items()
        if call.name in wanted
    }


def call_name(marked: str) -> str:
    """The name of a call as a docstring marks it."""
    return marked.removesuffix("()")


class Call(NamedTuple):
    """A call as its definition is written."""

    family: str
    name: str
    command: str
    doc: str
    spelled: dict[str, str]
    """How each of its arguments is called on the command line."""


def family_files() -> list[Path]:
    return sorted((Path(__file__).parents[1] / "families").glob("*.py"))


def written_calls(path: Path, group: str) -> Iterator[Call]:
    """The calls that a file of operations defines, if some of them may be of that group."""
    text = path.read_text(encoding="utf-8")
    asks = group == "query" and "def query_" in text
    if not FAMILY.search(text) or not (asks or group_of(path.stem) == group):
        return
    for method in (one for kind in ast.parse(text).body if isinstance(kind, ast.ClassDef) for one in kind.body):
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and not method.name.startswith("_"):
            said = [command_said(mark) for mark in method.decorator_list if is_definition(mark)]
            if said:
                named = command_name(path.stem, method.name) if said[0] is None else said[0]
                yield Call(path.stem, method.name, named, ast.get_docstring(method) or "", spelled_in(method.args))


def spelled_in(arguments: ast.arguments) -> dict[str, str]:
    """How the arguments of a definition are called on the command line, its `self` left out."""
    placed = [*arguments.posonlyargs, *arguments.args]
    needed = [one.arg for one in placed[1 : len(placed) - len(arguments.defaults)]]
    named = [one.arg for one in (*placed[len(needed) + 1 :], *arguments.kwonlyargs)]
    return {**{name: name.upper() for name in needed}, **{name: option_of(name) for name in named}}


def option_of(name: str) -> str:
    """How an argument that is named is called on the command line."""
    return f"--{name.replace('_', '-')}"


def is_definition(mark: ast.expr) -> bool:
    """Whether a decorator makes a call of a function."""
    name = mark.func if isinstance(mark, ast.Call) else mark
    return isinstance(name, ast.Name) and name.id in {"operation", "composite", "stream"}


def command_said(mark: ast.expr) -> str | None:
    """The `command` that a definition gives."""
    given = mark.keywords if isinstance(mark, ast.Call) else []
    values = [one.value for one in given if one.arg == "command"]
    return next((str(value.value) for value in values if isinstance(value, ast.Constant)), None)


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


@functools.cache
def commands() -> dict[str, str]:
    """The command of each call by the call's name; one word has brackets behind it, as words mean other things too."""
    made = [
        (method.name, f"mp {group} {name}") for group, inside in operations().items() for name, method in inside.items()
    ]
    return {name if "_" in name else f"{name}()": command for name, command in made}


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
