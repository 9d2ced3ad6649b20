"""Rules as data: a code, a place, when it is broken, and what to say then."""

from __future__ import annotations

from string import Formatter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from mixpanel_headless.errors import ValidationError, shown
from mixpanel_headless.suggestions import listed, nearest

from .vocabulary import among

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

Subject = TypeVar("Subject")


class Quoting(Formatter):
    """`str.format` that quotes values in one short line; a number of thousands of digits cannot be written out."""

    def convert_field(self, value: Any, conversion: Any) -> Any:
        return shown(value) if conversion == "r" else super().convert_field(value, conversion)

    def format_field(self, value: Any, format_spec: str) -> str:
        try:
            return str(format(value, format_spec))
        except ValueError:
            return shown(value)


QUOTING = Quoting()


@attrs.frozen
class Rule(Generic[Subject]):
    """One rule over one kind of subject; `message` is a format string that may name the subject as `{0}`."""

    code: str
    path: str
    broken: Callable[[Subject], bool]
    message: str
    suggest: Callable[[Subject], Sequence[str] | None] | None = None
    severity: str = "error"

    def problem(self, subject: Subject, place: str = "") -> ValidationError:
        """This rule's complaint about the subject; `place` comes before the rule's own path."""
        return ValidationError(
            path=join(place, self.path),
            message=QUOTING.format(self.message, subject),
            code=self.code,
            severity=self.severity,
            suggestion=self.suggest(subject) if self.suggest else None,
        )


def choice(code: str, argument: str, known: Collection[str], *, optional: bool = False) -> Rule[Any]:
    """The rule that an argument is one of a few words, or None if it is optional."""

    def broken(subject: object) -> bool:
        given = getattr(subject, argument)
        return not (among(given, known) or (optional and given is None))

    message = f"{argument} is {{0.{argument}!r}}; it can be {listed(known)}."
    return Rule(code, argument, broken, message, lambda subject: nearest(getattr(subject, argument), known))


def flag(code: str, argument: str) -> Rule[Any]:
    """The rule that an argument is True or False."""
    message = f"{argument} is {{0.{argument}!r}}; it is True or False."
    return Rule(code, argument, lambda subject: not isinstance(getattr(subject, argument), bool), message)


def problems(rules: Iterable[Rule[Subject]], subject: Subject, place: str = "") -> list[ValidationError]:
    """One complaint for each rule that the subject breaks, in the order of the table."""
    return [rule.problem(subject, place) for rule in rules if rule.broken(subject)]


def join(place: str, path: str) -> str:
    """Two parts of a path as one; either may be empty."""
    return f"{place}.{path}" if place and path else place or path
