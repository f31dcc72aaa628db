"""`SilentDisplay`: a display of a run that shows nothing; those that need no beginning and no end build on it."""

from __future__ import annotations

from studio.api.events import Event


class SilentDisplay:
    """Shows nothing."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, event: Event) -> None:
        """Do nothing with an event."""
