"""A plugin that brings a node type with the id of one of Studio's own, and one of its own."""

from studio.api import Context, Image, hookimpl, node


@node("broken.fine")
def be_fine(ctx: Context) -> int:
    """Return 1: nothing is wrong with this one, but a plugin is taken whole or not at all."""
    return 1


@node("image.blur")
def blur(ctx: Context, image: Image) -> Image:
    """Blur a picture, but not as image.blur does.

    Args:
        image: Picture.
    """
    return image


@hookimpl
def studio_node_types():
    """Return the node types."""
    return [be_fine, blur]
