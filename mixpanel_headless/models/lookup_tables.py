"""Lookup tables: columns for the values of a property, from a CSV file."""

from typing import Any

import attrs

from .entity import Entity, Id, camel_case
from .params import UNSET, Changes, Maybe, Params

__all__ = (
    "LookupTable",
    "LookupTableUploadUrl",
    "MarkLookupTableReadyParams",
    "UpdateLookupTableParams",
    "UploadLookupTableParams",
)


def name_length(name: str) -> str | None:
    """What is wrong with the length of a table's name."""
    return None if 1 <= len(name) <= 255 else f"{len(name)} long; 1 to 255 go in"


@attrs.frozen(kw_only=True, field_transformer=camel_case)
class LookupTable(Entity):
    """A table; its id is that of its data group."""

    id: Id
    name: str = ""
    token: str | None = None
    created_at: str | None = None
    last_modified_at: str | None = None
    has_mapped_properties: bool | None = None


@attrs.frozen(kw_only=True)
class LookupTableUploadUrl(Entity):
    """Where a file may be put for a while; the address is a key, so it does not show."""

    url: str = attrs.field(repr=False)
    path: str
    key: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class UploadLookupTableParams(Params):
    """A CSV file with a header, and the table that it is for: a new one, or that of `data_group_id`.

    - `file_path`: the CSV file.
    - `data_group_id`: the table, by its id, that gets other rows; a new one otherwise.
    """

    name: str = attrs.field(metadata={"rule": name_length})
    file_path: Any = attrs.field(metadata={"typed": "PATH"})
    data_group_id: Maybe[int] = UNSET


@attrs.frozen(kw_only=True)
class MarkLookupTableReadyParams(Params):
    """A file that was put where `get_lookup_upload_url` says, by its key, and the table that it is for.

    - `key`: the key of the file.
    - others: those of `UploadLookupTableParams`.
    """

    name: str
    key: str = attrs.field(repr=False)
    data_group_id: Maybe[int] = UNSET


@attrs.frozen(kw_only=True)
class UpdateLookupTableParams(Changes):
    """What a table is to be called."""

    name: Maybe[str] = attrs.field(default=UNSET, metadata={"rule": name_length})
