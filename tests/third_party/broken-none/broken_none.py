"""A plugin whose hook forgot its return."""

from studio.api import hookimpl


@hookimpl
def studio_node_types():
    """Forget to return."""
