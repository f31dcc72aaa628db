"""A plugin whose node type is declared wrong in two ways."""

from studio.api import Context, hookimpl, node


@hookimpl
def studio_node_types():
    """Declare the node type here, as a module imported inside the hook would."""

    @node("broken.shout")
    def shout(ctx: Context, text, *, volume: complex = 1j) -> str:
        """Shout."""
        return text.upper()

    return [shout]
