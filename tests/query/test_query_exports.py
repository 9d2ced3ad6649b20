"""What is asked of an export is checked before anything is sent."""

from __future__ import annotations

import pytest

from mixpanel_headless.errors import ParamValidationError
from mixpanel_headless.query.exports import EventExport


def test_days_that_run_backwards_are_refused() -> None:
    with pytest.raises(ParamValidationError) as caught:
        EventExport(from_date="2026-01-02", to_date="2026-01-01").question("12345")
    assert caught.value.code == "WR6_DATES_REVERSED"
