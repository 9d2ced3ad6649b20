"""The audit log as it is read: rows, changes that never ended, and whether every row is as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.errors import InvalidArgumentError, shown
from mixpanel_headless.query.fields import is_whole
from mixpanel_headless.results.discovery import Listing
from mixpanel_headless.results.provenance import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mixpanel_headless.results.table import Table

    from .chain import Finding
    from .journal import Journal


@attrs.frozen(repr=False)
class AuditRow:
    """One row, as it was written."""

    fields: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.fields[name]
        except KeyError:
            raise AttributeError(name) from None

    def __repr__(self) -> str:
        told = [cell(name, self.fields) for name in ("at", "operation", "target", "outcome")]
        words = " ".join(map(str, filter(None, told)))
        return f"<AuditRow {self.fields.get('seq', '?')} {self.fields.get('kind', '?')} {words}>"

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON-ready data."""
        return dict(self.fields)


class AuditRows(Listing[AuditRow]):
    """Rows of the log; their table leaves out the digests."""

    @property
    def table(self) -> Table:
        """One line a row, with what people look for."""
        from mixpanel_headless.results.table import Table

        return Table(COLUMNS, [tuple(cell(name, row.fields) for name in COLUMNS) for row in self])

    @property
    def shown(self) -> Table:
        """The table as people read it: what became of a change, or that it was meant, in one column."""
        from mixpanel_headless.results.table import Table

        rows = [
            (*map(row.get, ("seq", "at", "operation", "target")), row["outcome"] or row["kind"], *map(row.get, ASIDE))
            for row in self.table.to_dicts()
        ]
        return Table(("seq", "at", "operation", "target", "outcome", *ASIDE), rows)

    @property
    def note(self) -> str:
        """Nothing: these rows come from no request."""
        return ""


ASIDE = ("account", "task", "process")
COLUMNS = ("seq", "at", "kind", "operation", "target", "outcome", "account", "task", "process")


def cell(name: str, fields: Mapping[str, Any]) -> object:
    """A field as the table shows it: a moment to the second, what was made with its id, a list in one line."""
    value = fields.get(name)
    if name == "at" and isinstance(value, str):
        return f"{value[:19].replace('T', ' ')}Z"  # rows are written in UTC
    if name == "target" and isinstance(value, list):
        return " ".join([", ".join(map(str, value)), *([f"({fields['made']})"] if "made" in fields else [])]).strip()
    return ", ".join(map(str, value)) if isinstance(value, list) else value


@attrs.frozen
class Verification:
    """Whether the log is as it was written: what is wrong with it, and the changes of which nobody knows how they ended."""

    rows: int
    findings: list[Finding]
    open_intents: list[AuditRow]

    @property
    def ok(self) -> bool:
        """Whether every row is there, in its place and unchanged; an open intent is no flaw of the log."""
        return not self.findings

    def to_dict(self) -> dict[str, Any]:
        """The verification as JSON-ready data."""
        return {
            "ok": self.ok,
            "rows": self.rows,
            "findings": [finding.to_dict() for finding in self.findings],
            "open_intents": [row.to_dict() for row in self.open_intents],
        }

    def __str__(self) -> str:
        flaws = "all as they were written" if self.ok else plural(len(self.findings), "flaw")
        lines = [f"{plural(self.rows, 'row')}, {flaws}"]
        lines += [f"{one.flaw}: row {one.seq} ({one.file}, line {one.line}). {one.message}" for one in self.findings]
        lines += [f"open: row {row.seq}, {row.operation} by process {row.process}" for row in self.open_intents]
        return "\n".join(lines)


def read_log(
    journal: Journal, limit: int | None, operation: str | None, outcome: str | None, project: str | None = None
) -> AuditRows:
    """The newest rows that fit, the oldest of them first."""
    from fnmatch import fnmatchcase

    from mixpanel_headless.options import check_choice

    from .audit import Outcome

    if limit is not None and (not is_whole(limit) or limit < 1):
        raise InvalidArgumentError(f"limit is {shown(limit)}.", hint="Give a whole number of at least 1, or None.")
    if outcome is not None:
        check_choice("outcome", outcome, Outcome)
    rows = [
        AuditRow(row)
        for row in journal.rows()
        if (operation is None or fnmatchcase(str(row.get("operation", "")), operation))
        and (outcome is None or row.get("outcome") == outcome)
        and (project is None or row.get("project") == project)
    ]
    return AuditRows(rows if limit is None else rows[-limit:])


def verify_log(journal: Journal) -> Verification:
    """Every row held against those around it."""
    findings, rows = journal.inspect(), list(journal.rows())
    return Verification(len(rows), findings, list(open_intents(rows)))


def show_call(journal: Journal, seq: int) -> AuditRows:
    """Both rows of the change that one row is of."""
    rows = list(journal.rows())
    found = next((row for row in rows if row.get("seq") == seq), None)
    if found is None:
        raise InvalidArgumentError(f"The audit log has no row {shown(seq)}.", hint="Give the seq of a row of log().")
    return AuditRows(AuditRow(row) for row in rows if row.get("call") == found.get("call"))


def open_intents(rows: list[dict[str, Any]]) -> Iterator[AuditRow]:
    """Rows of changes that were begun and have no outcome: their program died, or they are under way."""
    ended = {row.get("call") for row in rows if row.get("kind") == "outcome"}
    return (AuditRow(row) for row in rows if row.get("kind") == "intent" and row.get("call") not in ended)


def journal_at(folder: Path) -> Journal:
    """The log of a state folder, to be read; nothing is made there."""
    from .journal import FOLDER, Journal

    return Journal(folder / FOLDER)
