"""What a schema is: which types it may name, how one is merged into another, and what the data's own one looks like."""

from __future__ import annotations

from mixpanel_headless.sandbox.replies import Json, Rejected

Key = tuple[str, str]
"""The type of what a schema is of, and its name."""
OWNERS = ("event", "custom_event", "profile")
TYPES = {"list": "array", "datetime": "string"}
"""What the Lexicon calls otherwise than JSON does."""
JSON_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")


def key_of(owner: str, name: str) -> Key:
    """What a schema is kept under; Rejected for a type that there is not."""
    if owner not in OWNERS:
        raise Rejected(400, f"entityType must be one of {', '.join(OWNERS)}")
    return owner, name


def documented(schema: Json) -> Json:
    """A schema with the types of JSON in the place of the Lexicon's."""
    properties = schema["properties"].items()
    return {"properties": {name: {"type": TYPES.get(one["type"], one["type"])} for name, one in properties}}


def checked(schema: Json) -> Json:
    """A schema; Rejected for one that is none."""
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        raise Rejected(400, "properties must be an object")
    for name, one in properties.items():
        if not isinstance(one, dict) or one.get("type") not in JSON_TYPES:
            raise Rejected(400, f"properties.{name}.type must be one of {', '.join(JSON_TYPES)}")
    return schema


def merge(old: Json, new: Json) -> Json:
    """An object with another one merged into it, at every depth."""
    both = {
        field: merge(old[field], new[field])
        for field in old.keys() & new.keys()
        if isinstance(old[field], dict) and isinstance(new[field], dict)
    }
    return {**old, **new, **both}
