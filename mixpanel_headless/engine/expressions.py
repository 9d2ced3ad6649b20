"""SQL text that is safe to compose: bound parameters, and a property's value in its several forms.

Every name and value that a caller supplies becomes a bound parameter. Only identifiers, numbers and
keywords chosen by this package are written into the text.
"""

from __future__ import annotations

import re
from typing import Any

import attrs

NUMERIC_KINDS = "('BIGINT', 'UBIGINT', 'DOUBLE')"
ISO_TIME = r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?Z?)?"
PLACEHOLDER = re.compile(r"\$(v\d+)\b")
MILLISECONDS_FROM = 4294967295  # a larger number is a time in milliseconds, a smaller one in seconds


def pointer(name: str) -> str:
    """The JSON pointer (RFC 6901) to a member: any name is safe in it, unlike in a JSON path."""
    return "/" + name.replace("~", "~0").replace("/", "~1")


@attrs.define
class Parameters:
    """The bound values of one statement, by name."""

    values: dict[str, Any] = attrs.field(factory=dict)

    def bind(self, value: Any) -> str:
        """The placeholder that stands for `value`."""
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f"${name}"

    def used_in(self, sql: str) -> dict[str, Any]:
        """The values whose placeholders the text holds: the database refuses any others."""
        return {name: self.values[name] for name in PLACEHOLDER.findall(sql)}


@attrs.frozen
class Value:
    """One property of the current row, as SQL: its JSON type (NULL when not set), its text, its number."""

    kind: str
    text: str
    number: str
    may_be_list: bool = True
    moment: str | None = None  # SQL of the instant, where it is known without parsing

    @property
    def is_set(self) -> str:
        return f"({self.kind} IS NOT NULL)"

    @property
    def is_text(self) -> str:
        return f"coalesce({self.kind} = 'VARCHAR', false)"

    @property
    def instant(self) -> str:
        """Milliseconds since 1970: ISO text is UTC, a number is seconds or milliseconds."""
        return self.moment or (
            f"(CASE WHEN {self.kind} = 'VARCHAR' AND regexp_full_match({self.text}, '{ISO_TIME}')"
            f" THEN epoch_ms(TRY_CAST({self.text} AS TIMESTAMP))"
            f" WHEN {self.number} > {MILLISECONDS_FROM} THEN TRY_CAST({self.number} AS BIGINT)"
            f" WHEN {self.number} > 0 THEN TRY_CAST({self.number} * 1000 AS BIGINT) END)"
        )

    @property
    def measured(self) -> str:
        """What is added up and compared of it: its number, and of a moment the seconds since 1970."""
        return self.number if self.moment is None else f"({self.moment} / 1000.0)"

    @property
    def items(self) -> str:
        """The list's members as JSON[]; another set value is a list of one; NULL when not set."""
        return (
            f"(CASE WHEN {self.kind} = 'ARRAY' THEN from_json({self.text}, '[\"JSON\"]')"
            f" WHEN {self.kind} = 'VARCHAR' THEN [to_json({self.text})]"
            f" WHEN {self.kind} IS NOT NULL THEN [CAST({self.text} AS JSON)] END)"
        )

    @property
    def identity(self) -> str:
        """Text that is equal for equal values only: the number 1 and the text '1' differ."""
        return f"(CASE WHEN {self.kind} IN {NUMERIC_KINDS} THEN 'n' ELSE left({self.kind}, 1) END || {self.text})"


def value_of_json(json: str, *, may_be_list: bool = True) -> Value:
    """The forms of a JSON expression; whole floats read as integers, so 2004.0 and 2004 are one text."""
    number = f"(CASE WHEN json_type({json}) IN {NUMERIC_KINDS} THEN CAST({json} AS DOUBLE) END)"
    text = (
        f"(CASE WHEN json_type({json}) = 'DOUBLE' AND abs({number}) < 1e15 AND {number} = trunc({number})"
        f" THEN CAST(CAST({number} AS BIGINT) AS VARCHAR) ELSE ({json} ->> '$') END)"
    )
    return Value(f"nullif(json_type({json}), 'NULL')", text, number, may_be_list)


def number_text(sql: str) -> str:
    """SQL of a number as text, without a needless fraction."""
    return (
        f"(CASE WHEN abs({sql}) < 1e15 AND {sql} = trunc({sql}) THEN CAST(CAST({sql} AS BIGINT) AS VARCHAR)"
        f" ELSE CAST({sql} AS VARCHAR) END)"
    )


def text_value(sql: str) -> Value:
    """A column of plain text."""
    return Value(f"(CASE WHEN {sql} IS NOT NULL THEN 'VARCHAR' END)", sql, "CAST(NULL AS DOUBLE)", may_be_list=False)


def moment_value(sql: str) -> Value:
    """A column of UTC milliseconds, read as ISO text."""
    text = f"strftime(make_timestamp({sql} * 1000), '%Y-%m-%dT%H:%M:%S')"
    return attrs.evolve(text_value(text), moment=sql)


def number_value(sql: str) -> Value:
    """A column of whole numbers."""
    return Value(
        f"(CASE WHEN {sql} IS NOT NULL THEN 'BIGINT' END)",
        f"CAST({sql} AS VARCHAR)",
        f"CAST({sql} AS DOUBLE)",
        may_be_list=False,
    )


NOT_SET = Value("CAST(NULL AS VARCHAR)", "CAST(NULL AS VARCHAR)", "CAST(NULL AS DOUBLE)", may_be_list=False)
