"""What the engine refuses: a feature that it lacks, a request that is wrong (BadQuery), a file that is not events."""

from __future__ import annotations

from mixpanel_headless.errors import BadQuery, InvalidArgumentError, MixpanelHeadlessError

__all__ = ["BadQuery", "EventFileError", "Unsupported"]


class Unsupported(MixpanelHeadlessError):  # noqa: N818 - the public name says what it is
    """The request is well formed but asks for something that this engine does not compute; `feature` names it."""

    default_code = "UNSUPPORTED"
    default_hint = "Ask without it, or ask Mixpanel itself."

    def __init__(self, feature: str) -> None:
        super().__init__(f"The local engine does not support {feature}.", details={"feature": feature})
        self.feature = feature


class EventFileError(InvalidArgumentError):
    """A file does not hold what it should: `file`, `line` (from 1; 0 when the whole file is meant) and `reason`."""

    default_code = "EVENT_FILE_ERROR"

    def __init__(self, file: str, line: int, reason: str) -> None:
        place = f"{file}, line {line}" if line else file
        super().__init__(f"{place}: {reason}", details={"file": file, "line": line, "reason": reason})
        self.file = file
        self.line = line
        self.reason = reason
