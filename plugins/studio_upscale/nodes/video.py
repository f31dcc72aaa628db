"""Videos enlarged frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from studio.api import Context, Field, Frame, Migration, Video, node
from studio_upscale.nodes.images import COMPACT, RESTORE, Network, NetworkOrPipeline, Overlap, Part, Tile


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
)
def enlarge_video(
    ctx: Context,
    video: Video,
    *,
    scale: Annotated[float, Field(ge=1, le=8, unit="factor")] = 2.0,
    model: NetworkOrPipeline = COMPACT,
    denoise_strength: Part = 0.0,
    denoise_model: Network = RESTORE,
    batch_size: Annotated[int, Field(ge=1, le=64)] = 4,
    tile_size: Tile = 256,
    tile_overlap: Overlap = 32,
) -> Video:
    """Enlarge a video, a few frames at a time, in constant memory; times and audio stay.

    As `upscale.image` mapped over the video, with several frames in one call of the network. What the network is told
    of a frame is averaged with that of the frames before, so that the video does not flicker.

    Args:
        video: Video to enlarge.
        scale: Factor per side, whole or not.
        model: "builtin:compact", "builtin:compact-fast", or weights of an architecture that spandrel knows.
        denoise_strength: How much noise and JPEG artefacts to take away first.
        denoise_model: What takes them away.
        batch_size: How many frames the network sees at once.
        tile_size: Side of a tile of the frames that is worked on at once.
        tile_overlap: How far neighbouring tiles reach into each other.

    Raises:
        MediaError: E506 if a frame would be over the limits.
        ModelError: E690 to E694 if a model does not fit, or gives NaN.
    """
    from studio_upscale.video import check_frame_size, run_video

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
