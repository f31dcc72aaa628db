"""Node types `style.*`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

from studio.api import Context, Field, Image, Mask, MediaError, node

if TYPE_CHECKING:
    from studio_style.color_match import FloatArray

_PREVIEW_STEPS = 4


@node("style.transfer", version="1.0", code=1, lane="device")
def transfer_style(
    ctx: Context,
    content: Image,
    style: Image,
    *,
    strength: Annotated[float, Field(ge=0, le=1)] = 1.0,
    stroke_scale: Annotated[float, Field(ge=0.25, le=4)] = 1.0,
    keep_colors: bool = False,
    quality: Literal["draft", "standard", "fine"] = "standard",
    mask: Mask | None = None,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> Image:
    """Repaint a picture with the strokes and the colours of another.

    Coarse-to-fine patch voting (GPNN, Granot et al. 2022) with image-analogy keys (Hertzmann et al. 2001)
    after a linear colour transfer (Pitie and Kokaram 2007). Needs no weights. On a CPU, equal inputs give
    equal bits.

    Args:
        content: Picture to repaint, any size; its alpha is kept.
        style: Picture whose strokes and colours to use, any size; its alpha is ignored.
        strength: 0 gives the content back, 1 the full style; between, small strokes come first.
        stroke_scale: Size of the strokes; at 1 the style is taken to cover the content's area.
        keep_colors: Take over strokes only, in luma; the colours stay the content's.
        quality: How large to paint and how long to search: draft, standard or fine.
        mask: Where to repaint; 1 means repainted, 0 kept. It must have the content's size.
        seed: Chooses among equally good paintings.

    Raises:
        MediaError: E507 if the mask has another size than the content.
    """
    from studio_style.patch_transfer import transfer_style as paint
    from studio_style.pictures import blend_by_mask, join_alpha, read_rgb

    if mask is not None and (mask.height, mask.width) != (content.height, content.width):
        raise MediaError(
            "E507",
            f"the mask is {mask.width} x {mask.height} and the content {content.width} x {content.height}",
            hint="resize the mask with image.resize_mask",
        )
    pixels = read_rgb(content)
    calls = 0

    def on_step(done: int, total: int, preview: Callable[[], FloatArray]) -> None:
        nonlocal calls
        calls += 1
        ctx.step(done, total, Image(preview()) if calls % _PREVIEW_STEPS == 0 else None)

    ctx.step(0, 0)
    painted = paint(
        pixels,
        read_rgb(style),
        strength=strength,
        stroke_scale=stroke_scale,
        keep_colors=keep_colors,
        quality=quality,
        seed=seed,
        device=ctx.device,
        on_step=on_step,
    )
    if mask is not None:
        painted = blend_by_mask(pixels, painted, mask)
    return join_alpha(painted, content)


@node("style.color_transfer", version="1.0", code=1)
def transfer_color(
    ctx: Context,
    content: Image,
    style: Image,
    *,
    strength: Annotated[float, Field(ge=0, le=1)] = 1.0,
) -> Image:
    """Give a picture the colours of another, and leave its drawing as it is.

    The linear Monge-Kantorovitch map between the two colour distributions (Pitie and Kokaram 2007).

    Args:
        content: Picture to recolour; its alpha is kept.
        style: Picture whose colours to use; its alpha is ignored.
        strength: 0 gives the content back, 1 the full transfer.
    """
    from studio_style.color_match import match_colors
    from studio_style.pictures import join_alpha, read_rgb

    ctx.step(0, 1)
    pixels = read_rgb(content)
    return join_alpha(pixels + strength * (match_colors(pixels, read_rgb(style)) - pixels), content)
