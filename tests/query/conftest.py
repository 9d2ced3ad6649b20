"""What the query tests share: a fixed day, and a question that needs nothing else said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from mixpanel_headless.errors import BookmarkValidationError, ParamValidationError, ValidationError
from mixpanel_headless.query.insights import build_insights_params

Build = Callable[..., dict[str, Any]]


def ask(events: Any = "Visit", **arguments: Any) -> dict[str, Any]:
    """`build_insights_params` as of a fixed day."""
    return build_insights_params(events, today=dt.date(2026, 2, 14), **arguments)


@pytest.fixture
def build() -> Build:
    return ask


@pytest.fixture
def codes_of() -> Callable[[Callable[[], object]], set[str]]:
    """The codes of the rules that an example breaks, whether it raises them or returns them."""

    def codes_of(example: Callable[[], object]) -> set[str]:
        try:
            found = example()
        except BookmarkValidationError as error:
            return {problem.code for problem in error.errors}
        except ParamValidationError as error:
            return {error.code}
        return {item.code for item in found if isinstance(item, ValidationError)} if isinstance(found, list) else set()

    return codes_of
