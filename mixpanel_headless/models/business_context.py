"""Business context: what an organization or a project says of itself, for people and language models to know."""

from typing import Any

import attrs

from .entity import Entity

__all__ = ("BusinessContext", "BusinessContextChain")


@attrs.frozen(kw_only=True)
class BusinessContext(Entity):
    """What an organization (`organization_id`) or a project (`project_id`) says of itself, as Markdown."""

    level: str
    content: str
    organization_id: int | None = None
    project_id: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said."""
        return not self.content

    @property
    def character_count(self) -> int:
        """How long it is; the service takes 50,000 characters."""
        return len(self.content)

    def to_dict(self) -> dict[str, Any]:
        """The context as JSON-ready data."""
        return {**super().to_dict(), "is_empty": self.is_empty, "character_count": self.character_count}


@attrs.frozen(kw_only=True)
class BusinessContextChain(Entity):
    """What the organization and the project say, which belongs together."""

    organization: BusinessContext
    project: BusinessContext
