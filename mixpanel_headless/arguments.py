"""Arguments of calls held against their annotations: what can be of no use is refused by its name.

The families' own rules know more and say it better, so for a call of one request they come first. What an annotation says by a
name that is not in KINDS is left to them, except that nothing stands for it unless None is allowed.
"""

from __future__ import annotations

import ast
import functools
import inspect
import re
from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any, NamedTuple

from request_scheduler.checks import is_real

from .errors import InvalidArgumentError, ParamTypeError, shown
from .query.fields import is_whole, is_whole_text
from .request import PLAIN_HINT
from .suggestions import did_you_mean

STRANGERS = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, RecursionError, ExceptionGroup)
"""What a function that makes a request of wrong arguments may end with; errors of ours are among them."""
DIGITS = re.compile(r"-?[0-9]{1,18}")


class Kind(NamedTuple):
    """Values that an argument can be of use with, and how an error calls them."""

    fits: Callable[[Any], bool]
    words: str


class Flaw(NamedTuple):
    """An argument of another kind than its annotation says."""

    name: str
    value: object
    kind: Kind

    def error(self) -> ParamTypeError:
        """What to raise; made where it is raised, for an error that its own traceback leads to is freed late."""
        wanted = "give it" if self.kind is GIVEN else f"it must be {self.kind.words}"
        return ParamTypeError(f"{self.name} is {shown(self.value)}; {wanted}.", path=self.name, sent=False)


def is_number(value: object) -> bool:
    """Whether a value is a whole number that a service can read."""
    return is_whole(value) and value.bit_length() < 64


def is_id(value: object) -> bool:
    """Whether a value is an id as a number, or as the digits of one; those that are only planned are negative."""
    return is_number(value) or (isinstance(value, str) and DIGITS.fullmatch(value) is not None)


def is_list(value: object) -> bool:
    """Whether a value holds others; a text alone is not taken for a list of its letters."""
    return isinstance(value, Collection) and not isinstance(value, (str, bytes, Mapping))


KINDS = {
    "None": Kind(lambda value: value is None, "None"),
    "bool": Kind(lambda value: isinstance(value, bool), "True or False"),
    "int": Kind(is_number, "a whole number"),
    "float": Kind(is_real, "a number"),
    "str": Kind(is_whole_text, "text"),
    "bytes": Kind(lambda value: isinstance(value, bytes), "bytes"),
    "Day": Kind(lambda value: isinstance(value, date) or is_whole_text(value), "a day"),
    "Any": Kind(lambda value: True, "anything"),
    "Json": Kind(lambda value: True, "anything"),
}
IDS = {
    "int": Kind(is_id, "an id"),
    "str": Kind(lambda value: is_whole_text(value) or is_number(value), "an id"),
}
"""An id is written as a number or as text, whichever the service has."""
GIVEN = Kind(lambda value: value is not None, "given")


def kind_of(node: ast.expr, known: Mapping[str, Kind]) -> Kind:
    """The kind that an annotation means."""
    match node:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            one, other = kind_of(left, known), kind_of(right, known)
            return Kind(lambda value: one.fits(value) or other.fits(value), f"{one.words} or {other.words}")
        case ast.Subscript(value=ast.Name(id="Sequence" | "list"), slice=inner):
            item = kind_of(inner, known)
            return Kind(lambda value: is_list(value) and all(map(item.fits, value)), f"a list, of {item.words} each")
        case ast.Subscript(value=ast.Name(id="Mapping" | "dict"), slice=ast.Tuple(elts=[_, inner])):
            item = kind_of(inner, known)
            return Kind(
                lambda value: (
                    isinstance(value, Mapping)
                    and all(map(is_whole_text, value))
                    and all(map(item.fits, value.values()))
                ),
                "a mapping from text",
            )
        case ast.Constant(value=None):
            return KINDS["None"]
        case ast.Name(id=name):
            return known.get(name, GIVEN)
    return GIVEN


class Arguments:
    """The parameters of one call, read when the first call is made."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    @functools.cached_property
    def parameters(self) -> list[inspect.Parameter]:
        """All but the surface."""
        return list(inspect.signature(self.function).parameters.values())[1:]

    @functools.cached_property
    def kinds(self) -> dict[str, Kind]:
        """What each parameter takes."""
        found = {}
        for one in self.parameters:
            if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
                known = KINDS | IDS if one.name.endswith(("id", "ids")) else KINDS
                found[one.name] = kind_of(ast.parse(str(one.annotation), mode="eval").body, known)
        return found

    def flaw(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Flaw | None:
        """The first argument that is of another kind than its annotation says, None if there is no such."""
        kinds = self.kinds
        for (name, kind), value in zip(kinds.items(), args, strict=False):
            if not kind[0](value):
                return Flaw(name, value, kind)
        for name, value in kwargs.items():
            if (found := kinds.get(name)) is not None and not found[0](value):
                return Flaw(name, value, found)
        return None

    def meaning(
        self, error: Exception, args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> InvalidArgumentError | None:
        """What a stranger's error says of the arguments, None if it is not they that brought it about."""
        if isinstance(error, InvalidArgumentError):
            return None
        if isinstance(error, TypeError) and (wrong := self.misnamed(args, kwargs)) is not None:
            return wrong
        if (flaw := self.flaw(args, kwargs)) is not None:
            return flaw.error()
        if isinstance(error, RecursionError):
            return InvalidArgumentError("An argument is nested too deep, or holds itself.", hint=PLAIN_HINT)
        if isinstance(error, (UnicodeError, OverflowError)):
            return InvalidArgumentError(f"An argument cannot be sent: {error}.", hint=PLAIN_HINT)
        return None

    def misnamed(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> ParamTypeError | None:
        """The error for arguments that the call does not take, or for those that it lacks."""
        known = [one.name for one in self.parameters]
        try:
            inspect.signature(self.function).bind(None, *args, **kwargs)
        except TypeError as error:
            name, takes = self.function.__name__, f"It takes {', '.join(known) or 'nothing'}."
            unknown = next((given for given in kwargs if given not in known), None)
            if unknown is None:
                return ParamTypeError(f"{name}: {error}.", hint=takes, sent=False)
            complaint = f"{name} takes no {unknown}{did_you_mean(unknown, known) or '.'}"
            return ParamTypeError(complaint, path=unknown, hint=takes, sent=False)
        return None
