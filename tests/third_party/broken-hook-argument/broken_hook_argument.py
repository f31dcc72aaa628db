"""A plugin whose observer takes an argument that the hook does not have."""

from studio.api import hookimpl


@hookimpl
def studio_event(event, run):
    """Observe."""
