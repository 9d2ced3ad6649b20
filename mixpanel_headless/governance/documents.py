"""Policies as people write them: presets by name, TOML files, mappings; every flaw of one is told at once, with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import attrs

from mixpanel_headless.errors import ConfigError, shown
from mixpanel_headless.paths import read_path
from mixpanel_headless.query.fields import is_whole
from mixpanel_headless.suggestions import did_you_mean

from .facts import VERBS
from .policy import FLAGS, LISTS, Effect, Policy, Rule

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator

PolicyLike: TypeAlias = "Policy | Mapping[str, Any] | str | os.PathLike[str]"
"""A policy, its document as a mapping, the name of a preset, or the path of a file."""

EFFECTS: tuple[Effect, ...] = ("allow", "deny", "confirm")
CAPS = ("mutations", "entities")
TABLES = ("preset", *EFFECTS, "caps")
KEYS = (*LISTS, *FLAGS, "reason")
MOST = 60
"""How many names an error lists."""
LOOKING = Rule(effect="allow", verbs=("read", "run"), reaches_people=False)
SHARING = Rule(effect="allow", verbs=("share",), reaches_people=False)
EDITING = Rule(effect="allow", verbs=("create", "update", "run"), destructive=False)
PRESETS: dict[str, tuple[Rule, ...]] = {
    "read_only": (LOOKING,),
    "analyst": (LOOKING, SHARING),
    "editor": (
        LOOKING,
        SHARING,
        EDITING,
        Rule(effect="confirm", bulk=True, reason="It would change many things."),
        Rule(effect="confirm", reaches_people=True, reason="People would be told."),
    ),
    "admin": (Rule(effect="allow"),),
}
"""What each allows: to look and ask; and to share links; and to create and change, but not to delete; and everything."""
LONGEST = 1_000_000
"""Bytes of a file, beyond which it is no policy."""
HINT = f"Give one of {', '.join(PRESETS)}, the path of a TOML file, or a mapping."


def read_policy(source: PolicyLike, operations: Collection[str] | None = None) -> Policy:
    """A policy from what stands for one; ConfigError tells all that is wrong. `operations` are the names that there are."""
    if isinstance(source, Policy):
        return source
    if isinstance(source, Mapping):
        return build_policy(source, "the policy given by the program", {}, operations)
    if isinstance(source, str) and source in PRESETS:
        return preset(source)
    path = read_path(source)
    if path is None:
        raise ConfigError(f"policy is {shown(source)}.", hint=HINT)
    try:
        with path.open("rb") as file:
            text = file.read(LONGEST + 1).decode("utf-8")
        if len(text) > LONGEST:
            raise ConfigError(f"The policy {path} is longer than {LONGEST:,} bytes.", hint=HINT)
        document = tomllib.loads(text)
    except FileNotFoundError:
        meant = ask_or_list(str(source).casefold(), PRESETS)
        raise ConfigError(f"The policy {path} is no preset, and no file{meant}.", hint=HINT) from None
    except OSError as error:
        raise ConfigError(f"The policy {path} cannot be read: {error.strerror or error}.", hint=HINT) from None
    except RecursionError:
        raise ConfigError(f"The policy {path} is nested too deep.", hint=HINT) from None
    except ValueError as error:  # of TOML, or of UTF-8
        raise ConfigError(f"The policy {path} is no TOML: {error}.", hint="Correct the line that it names.") from None
    return build_policy(document, str(path), lines_of(text), operations)


def preset(name: str) -> Policy:
    """One of PRESETS as a policy."""
    return Policy(name=name, rules=tuple(attrs.evolve(rule, origin=f"the preset {name}") for rule in PRESETS[name]))


def lines_of(text: str) -> dict[str, list[int]]:
    """The lines on which tables and keys begin, by name; TOML's own reader does not tell them."""
    found: dict[str, list[int]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"\s*\[*\s*\"?([\w-]+)", line):
            found.setdefault(match[1], []).append(number)
    return found


def build_policy(
    document: Mapping[str, Any], name: str, lines: Mapping[str, Sequence[int]], operations: Collection[str] | None
) -> Policy:
    """The policy that a document describes."""
    flaws = [f"{key}: there is no such table{ask_or_list(key, TABLES)}" for key in document if key not in TABLES]
    base = document.get("preset")
    if base is not None and (not isinstance(base, str) or base not in PRESETS):
        flaws.append(f"preset: {shown(base)} is none of {', '.join(PRESETS)}{did_you_mean(base, PRESETS)}")
    rules: list[Rule] = list(preset(base).rules) if isinstance(base, str) and base in PRESETS else []
    for effect in EFFECTS:
        tables = document.get(effect, [])
        starts = lines.get(effect, ())
        if not isinstance(tables, Sequence) or isinstance(tables, str):
            flaws.append(f"{effect}: write each rule as [[{effect}]]")
            continue
        for number, table in enumerate(tables):
            line = starts[number] if len(starts) == len(tables) else None
            origin = name if line is None else f"{name}, line {line}"
            rules += read_rule(effect, table, origin, f"{effect}[{number}]", operations, flaws)
    caps = read_caps(document.get("caps", {}), flaws)
    if flaws:
        raise ConfigError(f"The policy {name} cannot be used: {'; '.join(flaws)}.", hint="Correct it.")
    first = next((lines[cap][0] for cap in CAPS if cap in caps and lines.get(cap)), None)
    return Policy(name=name, rules=tuple(rules), cap_origin=name if first is None else f"{name}, line {first}", **caps)


def read_rule(
    effect: Effect, table: object, origin: str, path: str, operations: Collection[str] | None, flaws: list[str]
) -> Iterator[Rule]:
    """The rule of one table; what is wrong with it goes to the flaws."""
    if not isinstance(table, Mapping):
        flaws.append(f"{path}: it is no table")
        return
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key in LISTS:
            values[key] = read_list(f"{path}.{key}", key, value, operations, flaws)
        elif isinstance(value, bool if key in FLAGS else str) and key in KEYS:
            values[key] = value
        elif key in (*FLAGS, "reason"):
            flaws.append(
                f"{path}.{key}: {shown(value)} is {'no text' if key == 'reason' else 'neither true nor false'}"
            )
        else:
            flaws.append(f"{path}.{key}: a rule has no such key{ask_or_list(key, KEYS)}")
    yield Rule(effect=effect, origin=origin, **values)


def read_list(
    path: str, key: str, value: object, operations: Collection[str] | None, flaws: list[str]
) -> tuple[str, ...]:
    """Names or patterns of a rule as text; an empty list would fit everything, so it is a flaw."""
    entries = [value] if isinstance(value, (str, int)) else value
    if isinstance(value, bool) or not isinstance(entries, Sequence) or not entries:
        flaws.append(f"{path}: {shown(value)} is no list of names")
        return ()
    if not all(isinstance(entry, (str, int)) and not isinstance(entry, bool) and str(entry) for entry in entries):
        flaws.append(f"{path}: {shown(value)} holds what is no name")
        return ()
    texts = tuple(str(entry) for entry in entries)
    known = names_for(key, operations or ())
    if known:
        flaws += [
            f"{path}: there is no {text!r}{ask_or_list(text, known)}" for text in texts if not names_any(text, known)
        ]
    return texts


def names_for(key: str, operations: Collection[str]) -> Collection[str]:
    """The names that a pattern of one key can stand for; none where any will do."""
    if key == "verbs":
        return VERBS
    if key == "families":
        return sorted({name.partition(".")[0] for name in operations})
    return [*operations, *(name.partition(".")[2] for name in operations)] if key == "operations" else ()


def names_any(pattern: str, known: Iterable[str]) -> bool:
    from fnmatch import fnmatchcase

    return any(fnmatchcase(one, pattern) for one in known)


def read_caps(table: object, flaws: list[str]) -> dict[str, int]:
    """The caps of a document."""
    if not isinstance(table, Mapping):
        flaws.append("caps: it is no table")
        return {}
    for cap, value in table.items():
        if cap not in CAPS:
            flaws.append(f"caps.{cap}: there is no such cap{ask_or_list(cap, CAPS)}")
        elif not is_whole(value) or value < 0:
            flaws.append(f"caps.{cap}: {shown(value)} is no whole number of at least 0")
    return dict(cast("Mapping[str, int]", table))


def ask_or_list(given: object, known: Iterable[str]) -> str:
    """Words that name what may have been meant."""
    known = list(known)
    return did_you_mean(given, known) or f"; there are {', '.join(known[:MOST])}"
