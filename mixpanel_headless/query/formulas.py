"""Formulas over metrics, which stand under letters by position."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from mixpanel_headless.errors import ParamTypeError, ParamValidationError, ValidationError, shown
from mixpanel_headless.suggestions import listed

from .arithmetic import INCOMPLETE, read_tokens
from .fields import as_tuple, non_blank
from .metric_refs import MetricRef, SavedReference, WarehouseMetric, as_ref, entry_of
from .metrics import CohortMetric, FunnelMetric, Metric, RetentionMetric

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_EXPRESSION = 20_000
_UPPER_EXPONENT = re.compile(r"\d\.?\d*E[+-]?\d")

Operand: TypeAlias = "Metric | CohortMetric | FunnelMetric | RetentionMetric | MetricRef | SavedReference"


def letters(position: int) -> str:
    """The name of the metric at this position: A to Z, then BA, BB, as digits of base 26."""
    name = chr(ord("A") + position % 26)
    return name if position < 26 else letters(position // 26) + name


def _operands(metrics: Sequence[Operand] | Operand | None) -> tuple[Operand, ...]:
    return as_tuple(metrics)


@attrs.frozen
class Formula:
    """Arithmetic over metrics: those of the query, or `metrics` of its own, A being the first."""

    expression: str = attrs.field(validator=non_blank("FM1_EMPTY_EXPRESSION"))
    label: str | None = None
    metrics: tuple[Operand, ...] = attrs.field(default=None, converter=_operands)

    def __attrs_post_init__(self) -> None:
        for position, operand in enumerate(self.metrics):
            _check_operand(operand, f"Formula.metrics[{position}]")
        if self.metrics and (flaw := self.flaw(len(self.metrics))):
            raise ParamValidationError(flaw.message, flaw.code, path="Formula.expression")

    def flaw(self, operands: int) -> ValidationError | None:
        """What is wrong with the expression when so many metrics stand under letters."""
        own = bool(self.metrics)
        if own and _UPPER_EXPONENT.search(self.expression):
            complaint = f"write 1e3, not 1E3, in {shown(self.expression)}: upper-case letters name metrics"
            return ValidationError("formula", f"{complaint}.", "FM5_UPPER_E")
        return expression_flaw(self.expression, operands, "FM2_UNKNOWN_LETTER" if own else "V19_FORMULA_BOUNDS")

    def to_dict(self) -> dict[str, Any]:
        """The formula as an entry of the `show` section."""
        return {
            "type": "formula",
            "definition": self.expression,
            "measurement": {},
            "referencedMetrics": [entry_of(operand) for operand in self.metrics],
            **({"name": self.label} if self.label else {}),
        }


def expression_flaw(expression: str, operands: int, bounds_code: str = "V19_FORMULA_BOUNDS") -> ValidationError | None:
    """What is wrong with an expression over so many metrics, or None."""
    if len(expression) > MAX_EXPRESSION:
        return ValidationError("formula", f"a formula has at most {MAX_EXPRESSION} characters.", "FM8_TOO_LONG")
    if (tokens := read_tokens(expression)) is None:
        return ValidationError("formula", f"{shown(expression)} {INCOMPLETE}.", "FM4_SYNTAX")
    names = {token.text for token in tokens if token.kind == "name"}
    if not names:
        complaint = "names no metric; A is the first, B the second"
        return ValidationError("formula", f"{shown(expression)} {complaint}.", "V16_FORMULA_SYNTAX")
    known = [letters(position) for position in range(operands)]
    if unknown := names.difference(known):
        complaint = f"names {listed(unknown)}, but there are only {listed(known)}" if known else "has no metrics"
        meant = sorted({name.upper() for name in unknown} & set(known)) or None
        return ValidationError("formula", f"{shown(expression)} {complaint}.", bounds_code, suggestion=meant)
    return None


def _check_operand(operand: object, path: str) -> None:
    if isinstance(operand, Formula) or getattr(operand, "type", None) == "formula":
        complaint = "a formula cannot be an operand of another formula"
        raise ParamValidationError(f"{path}: {complaint}.", "FM3_NESTED_FORMULA", path=path)
    if isinstance(operand, WarehouseMetric) or getattr(operand, "type", None) == "warehouse":
        complaint = "a warehouse metric cannot be an operand; query it alone, by reference"
        raise ParamValidationError(f"{path}: {complaint}.", "FM7_WAREHOUSE_OPERAND", path=path)
    if not isinstance(operand, (Metric, CohortMetric, FunnelMetric, RetentionMetric, MetricRef, SavedReference)):
        kind = type(operand).__name__
        raise ParamTypeError(f"{path} is a {kind}, which is no metric.", "FM9_OPERAND_TYPE", path=path)
    if isinstance(operand, (MetricRef, SavedReference)) and as_ref(operand).changes():
        complaint = "the service ignores changes to a saved metric inside a formula; give an inline Metric instead"
        raise ParamValidationError(f"{path}: {complaint}.", "MR2_OPERAND_OVERRIDE", path=path)
