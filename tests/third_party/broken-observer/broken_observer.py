"""A plugin that loads well, and whose observer raises at every event."""

from studio.api import hookimpl


@hookimpl
def studio_event(event):
    """Raise."""
    raise ValueError(f"cannot cope with {type(event).__name__}")
