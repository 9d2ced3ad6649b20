"""Annotations: notes on the dates of charts, and the tags that sort them."""

import attrs

from .entity import Entity
from .params import UNSET, Changes, Maybe, Params, at_most

__all__ = (
    "Annotation",
    "AnnotationTag",
    "AnnotationUser",
    "CreateAnnotationParams",
    "CreateAnnotationTagParams",
    "UpdateAnnotationParams",
)


@attrs.frozen(kw_only=True)
class AnnotationUser(Entity):
    """Who wrote an annotation."""

    id: int
    first_name: str = ""
    last_name: str = ""


@attrs.frozen(kw_only=True)
class AnnotationTag(Entity):
    """A tag of annotations."""

    id: int
    name: str
    project_id: int | None = None
    has_annotations: bool | None = None


@attrs.frozen(kw_only=True)
class Annotation(Entity):
    """A note on a date; `date` is text, `YYYY-MM-DD HH:MM:SS` in the project's time."""

    id: int
    project_id: int | None = None
    date: str
    description: str
    user: AnnotationUser | None = None
    tags: list[AnnotationTag] = attrs.field(factory=list)


@attrs.frozen(kw_only=True)
class CreateAnnotationParams(Params):
    """A new annotation.

    - `date`: the moment, such as 2026-01-31 12:00:00, in the project's time.
    - `description`: what the note says, up to 512 letters.
    - `tags`: the ids of its tags.
    - `user_id`: whose note it is, the caller's otherwise.
    """

    date: str = attrs.field(metadata={"typed": "MOMENT"})
    description: str = attrs.field(metadata=at_most(512))
    tags: Maybe[list[int]] = UNSET
    user_id: Maybe[int] = UNSET


@attrs.frozen(kw_only=True)
class UpdateAnnotationParams(Changes):
    """What is to change of an annotation, whose date cannot.

    - others: those of `CreateAnnotationParams`.
    """

    description: Maybe[str] = attrs.field(default=UNSET, metadata=at_most(512))
    tags: Maybe[list[int]] = UNSET


@attrs.frozen(kw_only=True)
class CreateAnnotationTagParams(Params):
    """A new tag."""

    name: str
