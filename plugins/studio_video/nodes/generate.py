"""Node types that make videos from words and stills."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Literal, NamedTuple

from studio.api import Audio, Context, Field, Image, Model, Video, check_inputs, find_node_types, node
from studio_video import checks
from studio_video.moves import Move

_MINI = Model("builtin:mini")
_Side = Annotated[int, Field(ge=0, le=8192, unit="pixels")]
_Rate = Annotated[float, Field(ge=1, le=240, unit="frames per second")]
_Share = Annotated[float, Field(ge=0, le=1)]


class Storyboard(NamedTuple):
    """A video of scenes.

    Attributes:
        video: The video, with its audio and without subtitles.
        subtitles: The captions as SubRip, for `video.captions`; empty if there are none.
        starts: When each scene begins, in seconds.
    """

    video: Video
    subtitles: str
    starts: list[float]


@node("video.animate", lane="device", device_free=True)
def animate_still(
    ctx: Context,
    image: Image,
    *,
    seconds: Annotated[float, Field(gt=0, le=3600, unit="seconds")] = 4.0,
    rate: _Rate = 24.0,
    move: Move = "zoom_in",
    amount: _Share = 0.25,
    x: _Share = 0.5,
    y: _Share = 0.5,
    easing: Literal["smooth", "linear", "accelerate", "slow_down"] = "smooth",
    depth: Image | None = None,
    width: _Side = 0,
    height: _Side = 0,
    model: Model | None = None,
    prompt: Annotated[str, Field(max_length=4000)] = "",
    negative_prompt: Annotated[str, Field(max_length=4000)] = "",
    steps: Annotated[int, Field(ge=0, le=1000)] = 0,
    guidance_scale: Annotated[float, Field(ge=0, le=30)] | None = None,
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0,
) -> Video:
    """Set a still in motion: a camera moves over it, or a network imagines what happens next.

    The camera is exact to fractions of a pixel, keeps to the image, and needs no weights. A network is one of
    diffusers that makes a video from an image, from your own weights: Stable Video Diffusion, CogVideoX, LTX, Wan.

    Args:
        image: Where the video starts.
        seconds: How long it lasts.
        rate: Frames a second.
        move: What the camera does. "drift" pans and zooms a little; "parallax" goes past the things in the image, and
            "orbit" around them, nearer ones faster. Not for a network.
        amount: How far the camera goes.
        x: What to keep in view, from the left edge (0) to the right one (1).
        y: The same, from the top.
        easing: How the camera's speed changes.
        depth: How near things are, from black (far) to white, for "parallax" and "orbit". Empty to guess it.
        width: Columns of the video; 0 for the image's, or with `height` for what keeps its shape.
        height: Rows of the video; 0 the same.
        model: Weights of a network, a folder of diffusers. Empty for the camera.
        prompt: What is to happen, for a network that reads one.
        negative_prompt: What is not to.
        steps: Steps of the network; 0 for its own number.
        guidance_scale: How strictly it follows. Empty for its own.
        seed: Another seed, another video, of a network.

    Raises:
        MediaError: E717 if the image is too large.
        ModelError: E718 if the model makes no videos from stills, E719 if it makes no numbers.
    """
    from studio_video.interpolate import find_rate

    frames = max(1, round(seconds * rate))
    size = _fit(image.width, image.height, width, height)
    if model is not None:
        from studio_video.pipelines import Request, generate_video

        asked = size if width or height else (0, 0)
        request = Request(prompt, negative_prompt, frames, rate, *asked, steps, guidance_scale, seed)
        with ctx.open(model) as opened:
            return generate_video(opened, request, ctx.step, ctx.log, still=image)
    from studio_video.camera import Shot, move_camera

    shot = Shot(move, amount, x, y, easing, *size)
    return move_camera(image, shot, frames=frames, rate=find_rate(rate), depth=depth, step=ctx.step)


@node("video.from_text", lane="device")
def make_from_text(
    ctx: Context,
    prompt: Annotated[str, Field(min_length=1, max_length=4000)],
    *,
    path: list[str] | None = None,
    negative_prompt: Annotated[str, Field(max_length=4000)] = "",
    seconds: Annotated[float, Field(gt=0, le=600, unit="seconds")] = 4.0,
    rate: _Rate = 24.0,
    width: _Side = 0,
    height: _Side = 0,
    motion: _Share = 0.35,
    keys: Annotated[float, Field(ge=0.5, le=30, unit="images per second")] = 6.0,
    steps: Annotated[int, Field(ge=0, le=1000)] = 0,
    guidance_scale: Annotated[float, Field(ge=0, le=30)] | None = None,
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0,
    model: Model = _MINI,
) -> Video:
    """Make a video from words.

    A model that makes videos does so: AnimateDiff, CogVideoX, LTX-Video, Wan, HunyuanVideo, from your own weights. One
    that draws images, such as the one in the box, draws some along a way: one noise that turns slowly into another
    (so it does not flicker), and prompts that pass into each other on a sphere. Frames in between follow the motion.

    Args:
        prompt: What the video shows, or begins with.
        path: What it turns into, one after the other; for a model that draws images.
        negative_prompt: What it does not show.
        seconds: How long it lasts.
        rate: Frames a second.
        width: Columns; 0 for the model's own.
        height: Rows; 0 for the model's own.
        motion: How much changes while a prompt lasts, for a model that draws images.
        keys: How many images such a model draws for each second.
        steps: Steps for each image, or for the video; 0 for the model's own.
        guidance_scale: How strictly to follow the words. Empty for the model's own.
        seed: Another seed, another video.
        model: Weights.

    Raises:
        ModelError: E718 if the model does not make this, E719 if it makes no numbers.
    """
    from studio_video.interpolate import find_rate
    from studio_video.pipelines import Request, generate_video, makes_videos

    frames = max(1, round(seconds * rate))
    with ctx.open(model) as opened:
        if makes_videos(opened):
            if path:
                ctx.log("the path is left out: this model makes a video of one prompt")
            asked: tuple[int, int] = _fit(1, 1, width, height) if width or height else (0, 0)
            request = Request(prompt, negative_prompt, frames, rate, *asked, steps, guidance_scale, seed)
            return generate_video(opened, request, ctx.step, ctx.log)
        from studio_video.morph import Walk, make_morph

        own_width, own_height = getattr(opened, "native_size", (64, 64))
        size = _fit(own_width, own_height, width, height)
        drawn = max(2, round(seconds * keys), 2 * len(path or []) + 1) if frames > 1 else 1
        prompts = (prompt, *(path or ()))
        walk = Walk(prompts, negative_prompt, drawn, motion, steps, guidance_scale, seed)
        return make_morph(
            opened, walk, frames=frames, rate=find_rate(rate), width=size[0], height=size[1], step=ctx.step
        )


@node(
    "video.storyboard",
    check=check_inputs(
        checks.check_scenes,
        checks.check_seconds,
        checks.check_narrations,
        checks.check_captions,
        checks.check_lengths,
        checks.check_moves,
    ),
)
def assemble_storyboard(
    ctx: Context,
    pictures: list[Image],
    *,
    narrations: list[Audio] | None = None,
    captions: list[str] | None = None,
    seconds: list[float] | None = None,
    moves: list[Move] | None = None,
    music: Audio | None = None,
    passage: Annotated[float, Field(ge=0, le=10, unit="seconds")] = 0.8,
    pause: Annotated[float, Field(ge=0, le=60, unit="seconds")] = 0.6,
    amount: _Share = 0.2,
    music_level: Annotated[float, Field(ge=-60, le=12, unit="dB")] = -12.0,
    duck: Annotated[float, Field(ge=0, le=60, unit="dB")] = 9.0,
    rate: _Rate = 24.0,
    width: Annotated[int, Field(ge=16, le=8192, unit="pixels")] = 1280,
    height: Annotated[int, Field(ge=16, le=8192, unit="pixels")] = 720,
) -> Storyboard:
    """Make one video of scenes: images that a camera moves over, passing into each other, with narration and music.

    Args:
        pictures: What is seen, a scene each; of each as much as fits the video's shape.
        narrations: What is heard, one for each scene, as `speech.say` makes it.
        captions: What can be read, one for each scene; they come out as `subtitles`, which `video.captions` draws.
        seconds: How long each scene lasts at least, or one number for all; 4 without. A scene waits for its voice.
        moves: What the camera does in each scene, or one move for all; in turn without.
        music: What plays all the time, over and over if it is short; it is softer while someone speaks.
        passage: How long one scene takes to pass into the next; 0 for cuts.
        pause: Seconds of quiet after each narration.
        amount: How far the camera goes.
        music_level: Loudness of the music beside how it comes.
        duck: How much softer the music is under a voice.
        rate: Frames a second.
        width: Columns of the video.
        height: Rows of the video.

    Raises:
        MediaError: E720 if there is no image, or as many of something else.
    """
    from studio_video.interpolate import find_rate
    from studio_video.storyboard import assemble, mix_voices, plan_scenes, write_subtitles

    checks.check_seconds(seconds)
    scenes = plan_scenes(
        pictures,
        voices=narrations or (),
        captions=captions or (),
        seconds=seconds or (),
        moves=moves or (),
        passage=passage,
        pause=pause,
    )
    sound = mix_voices(scenes, music, music_level=music_level, duck=duck)
    film = assemble(scenes, sound, rate=find_rate(rate), width=width, height=height, amount=amount, step=ctx.step)
    return Storyboard(film, write_subtitles(scenes), [scene.start for scene in scenes])


def _fit(own_width: int, own_height: int, width: int, height: int) -> tuple[int, int]:
    """Return a size of which one side or both are given."""
    if width and height:
        return width, height
    if width:
        return width, max(1, round(width * own_height / own_width))
    if height:
        return max(1, round(height * own_width / own_height)), height
    return own_width, own_height


NODE_TYPES: list[Any] = find_node_types(sys.modules[__name__])
