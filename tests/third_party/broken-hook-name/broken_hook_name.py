"""A plugin with a misspelt hook."""

from studio.api import hookimpl


@hookimpl
def studio_node_typs():
    """Return nothing; nobody would call it."""
    return []
