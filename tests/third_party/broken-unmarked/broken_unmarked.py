"""A plugin that forgot @hookimpl."""


def studio_node_types():
    """Return nothing; nobody would call it."""
    return []
