"""Videos enlarged frame by frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from studio.api import Context, Field, Frame, Migration, Video, node
from studio_upscale.nodes.images import (
    COMPACT,
    RESTORE,
    Look,
    Network,
    NetworkOrPipeline,
    Overlap,
    Part,
    Tile,
    check_look,
    find_origin,
)


def find_origin_of_video(inputs: Mapping[str, Any]) -> str:
    """Return what enlarging does: a crisp look invents detail."""
    return find_origin(inputs) if inputs.get("look", "faithful") == "crisp" else "enhanced"


@node(
    "upscale.video",
    lane="device",
    code=2,
    version="2.0",
    migrations={
        1: Migration(
            inputs={
                "denoise": "denoise_strength",
                "frames_at_once": "batch_size",
                "tile": "tile_size",
                "overlap": "tile_overlap",
            }
        )
    },
    origin=find_origin_of_video,
)
def enlarge_video(
    ctx: Context,
    video: Video,
    *,
    scale: Annotated[float, Field(ge=1, le=8, unit="factor")] = 2.0,
    model: NetworkOrPipeline = COMPACT,
    look: Look = "faithful",
    denoise_strength: Part = 0.0,
    denoise_model: Network = RESTORE,
    batch_size: Annotated[int, Field(ge=1, le=64)] = 4,
    tile_size: Tile = 256,
    tile_overlap: Overlap = 32,
) -> Video:
    """Enlarge a video in constant memory; times and audio stay.

    Like `upscale.image` for each frame, with several frames in one call of the network. The estimated blur and noise of
    a frame are averaged with those of the frames before, so that the video does not flicker.

    Args:
        video: Video to enlarge.
        scale: Factor for both sides, whole or fractional.
        model: Weights: "builtin:compact", "builtin:compact-fast", or a network that spandrel knows.
        look: "faithful" keeps to what is there. "crisp" invents detail: it looks better and is further from the
            original. It needs a model that is not included: studio models get real-esrgan-x4plus.
        denoise_strength: How much noise and JPEG artifacts to remove first: 0 is none, 1 all that `denoise_model`
            finds.
        denoise_model: Weights of a restoration network, for `denoise_strength`.
        batch_size: Number of frames in one call of the network.
        tile_size: Side of a tile, the part of a frame that is processed at once.
        tile_overlap: Overlap of neighboring tiles, where they are blended.

    Raises:
        MediaError: E506 if a frame would be over the limits.
        ModelError: E690 to E694 if a model does not fit, or gives NaN, E695 for a look that a model does not have.
    """
    from studio_upscale.video import check_frame_size, run_video

    check_look(look, model)
    ctx.step(0, 0)
    width, height = check_frame_size(video, scale)

    def frames() -> Iterator[Frame]:
        return run_video(
            ctx, video, scale, model, denoise_strength, denoise_model, batch_size, tile=tile_size, overlap=tile_overlap
        )

    return Video(
        frames,
        width=width,
        height=height,
        channels=video.channels,
        rate=video.rate,
        count=lambda: video.count,
        audio=lambda: video.audio,
        duration=lambda: video.duration,
    )
