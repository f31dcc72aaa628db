"""Node types that make videos from words and stills."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Annotated, Any, Literal, NamedTuple

from studio.api import (
    Added,
    Anchor,
    Audio,
    Context,
    Field,
    Image,
    Mask,
    Migration,
    Model,
    ModelKinds,
    StudioError,
    Video,
    check_inputs,
    find_node_types,
    node,
)
from studio_video import checks
from studio_video.moves import Move
from studio_video.nodes.old_values import zero_to_auto

_MINI = Model("builtin:mini")
_Side = Annotated[int, Field(ge=1, le=8192, unit="pixels")]
_Fps = Annotated[float, Field(ge=1, le=240, unit="frames per second")]
_Sampler = Annotated[str, Field(max_length=40), Added]
_Shift = Annotated[float | None, Field(gt=0, le=1000, unit="factor"), Added]
_Loras = Annotated[list[Annotated[Model, ModelKinds("lora")]] | None, Field(max_length=16), Added]
_Scales = Annotated[list[float] | None, Field(max_length=16, unit="factor"), Added]
_Share = Annotated[float, Field(ge=0, le=1)]


class Storyboard(NamedTuple):
    """A video of scenes.

    Attributes:
        video: Video with its audio and without subtitles.
        subtitles: Captions as SubRip text, for `video.draw_subtitles`; empty if there are none.
        starts: Start of each scene in seconds.
    """

    video: Video
    subtitles: str
    starts: list[float]


def find_animation_origin(inputs: Mapping[str, Any]) -> str:
    """Return what setting an image in motion does: a camera moves, or a network imagines."""
    return "edited" if inputs["model"] is None else "generated"


@node(
    "video.animate",
    lane="device",
    device_free=True,
    version="2.0",
    migrations={
        1: Migration(
            inputs={"rate": "fps", "x": "focus_x", "y": "focus_y"},
            values=dict.fromkeys(("width", "height", "steps"), zero_to_auto),
        )
    },
    origin=find_animation_origin,
)
def animate_still(
    ctx: Context,
    image: Image,
    *,
    seconds: Annotated[float, Field(gt=0, le=3600, unit="seconds")] = 4.0,
    fps: _Fps = 24.0,
    move: Move = "zoom_in",
    amount: _Share = 0.25,
    focus_x: _Share = 0.5,
    focus_y: _Share = 0.5,
    easing: Literal["smooth", "linear", "accelerate", "slow_down"] = "smooth",
    depth: Image | None = None,
    width: _Side | None = None,
    height: _Side | None = None,
    model: Model | None = None,
    prompt: Annotated[str, Field(max_length=4000)] = "",
    negative_prompt: Annotated[str, Field(max_length=4000)] = "",
    steps: Annotated[int | None, Field(ge=1, le=1000)] = None,
    guidance_scale: Annotated[float, Field(ge=0, le=30, unit="factor")] | None = None,
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0,
    last: Annotated[Image | None, Added] = None,
    loras: _Loras = None,
    lora_scales: _Scales = None,
    sampler: _Sampler = "auto",
    schedule: _Sampler = "auto",
    shift: _Shift = None,
) -> Video:
    """Animate a still image: a camera moves over it, or a network continues it.

    The camera is exact to fractions of a pixel, stays inside the image, and needs no weights. A network is an
    image-to-video model of diffusers with your own weights: Stable Video Diffusion, CogVideoX, LTX, Wan.

    Args:
        image: Image that the video starts with.
        seconds: Length of the video.
        fps: Frames per second of the video.
        move: Move of the camera: "drift" pans and zooms a little; "parallax" moves near things faster than far ones,
            and "orbit" moves around them. A network ignores it.
        amount: Size of the camera's move.
        focus_x: Horizontal center of the move, from the left edge (0) to the right edge (1).
        focus_y: Vertical center of the move, from the top edge (0) to the bottom edge (1).
        easing: Change of the camera's speed over time.
        depth: Depth map for "parallax" and "orbit", from black (far) to white (near); null estimates it.
        width: Width of the video; null for the image's width, or the width that follows from `height`.
        height: Height of the video; null for the image's height, or the height that follows from `width`.
        model: Weights of a network, a folder of diffusers; null for the camera.
        prompt: Description of what happens, for a network that reads a prompt.
        negative_prompt: Description of what to avoid, for a network that reads a prompt.
        steps: Steps of the network; null for the model's own number.
        guidance_scale: How strictly the network follows the prompt; null for the model's own value.
        seed: Seed of the network; another seed gives another video.
        last: Image that the video ends with, for a network that takes one; null for none.
        loras: LoRAs (Hu et al. 2021) to apply to the network; null for none.
        lora_scales: Strength of each LoRA, or one for all; null for 1.
        sampler: Sampler of the network, as in diffusion.text_to_image; "auto" for the model's own.
        schedule: Spacing of the noise levels, as in diffusion.text_to_image; "auto" for the model's own.
        shift: Shift of the noise levels of a flow model; null for the model's own.

    Raises:
        MediaError: E717 if the image is too large.
        ModelError: E718 if the model makes no videos from stills, E719 if it makes no numbers.
    """
    from studio_video.interpolate import find_rate

    frames = max(1, round(seconds * fps))
    size = _fit(image.width, image.height, width, height)
    if model is not None:
        from studio_video.pipelines import Request, generate_video

        asked = size if width or height else (0, 0)
        noise = {"sampler": sampler, "schedule": schedule, "shift": shift}
        with _open(ctx, model, loras or (), lora_scales or ()) as (opened, adapters):
            request = Request(
                prompt, negative_prompt, frames, fps, *asked, steps or 0, guidance_scale, seed, adapters, noise
            )
            return generate_video(opened, request, ctx.step, ctx.log, still=image, last=last)
    if last is not None or loras:
        raise StudioError(
            "E718", "only a network takes a last image and LoRAs, and there is no model", hint='set "model"'
        )
    from studio_video.camera import Shot, move_camera

    shot = Shot(move, amount, focus_x, focus_y, easing, *size)
    return move_camera(image, shot, frames=frames, rate=find_rate(fps), depth=depth, step=ctx.step)


@node(
    "video.from_text",
    lane="device",
    version="2.0",
    migrations={
        1: Migration(
            inputs={"path": "later_prompts", "rate": "fps", "keys": "keyframes_per_second"},
            values=dict.fromkeys(("width", "height", "steps"), zero_to_auto),
        )
    },
    origin="generated",
)
def make_from_text(
    ctx: Context,
    prompt: Annotated[str, Field(min_length=1, max_length=4000)],
    *,
    later_prompts: list[str] | None = None,
    negative_prompt: Annotated[str, Field(max_length=4000)] = "",
    seconds: Annotated[float, Field(gt=0, le=600, unit="seconds")] = 4.0,
    fps: _Fps = 24.0,
    width: _Side | None = None,
    height: _Side | None = None,
    motion: _Share = 0.35,
    keyframes_per_second: Annotated[float, Field(ge=0.5, le=30, unit="frames per second")] = 6.0,
    steps: Annotated[int | None, Field(ge=1, le=1000)] = None,
    guidance_scale: Annotated[float, Field(ge=0, le=30, unit="factor")] | None = None,
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0,
    model: Model = _MINI,
    references: Annotated[list[Image] | None, Field(max_length=16), Added] = None,
    loras: _Loras = None,
    lora_scales: _Scales = None,
    sampler: _Sampler = "auto",
    schedule: _Sampler = "auto",
    shift: _Shift = None,
) -> Video:
    """Make a video from text.

    A video model makes the video itself: AnimateDiff, CogVideoX, LTX-Video, LTX-2 (with its audio), Wan, HunyuanVideo,
    with your own weights.
    An image model, such as the included one, draws keyframes: the noise and the prompts change gradually from one
    keyframe to the next, so that the video does not flicker. The frames in between follow the motion.

    Args:
        prompt: Description of the video, or of its start.
        later_prompts: Descriptions that the video changes to, one after the other; for an image model.
        negative_prompt: Description of what to avoid.
        seconds: Length of the video.
        fps: Frames per second of the video.
        width: Width of the video; null for the model's own.
        height: Height of the video; null for the model's own.
        motion: How much the video changes during one prompt, for an image model.
        keyframes_per_second: Number of keyframes for each second, for an image model.
        steps: Steps for each keyframe, or for the video; null for the model's own number.
        guidance_scale: How strictly to follow the prompt; null for the model's own value.
        seed: Seed of the model; another seed gives another video.
        model: Weights of the model: a video model or an image model.
        references: Images of what the video shows, for a video model that takes some; null for none.
        loras: LoRAs (Hu et al. 2021) to apply to a video model; null for none.
        lora_scales: Strength of each LoRA, or one for all; null for 1.
        sampler: Sampler of the network, as in diffusion.text_to_image; "auto" for the model's own.
        schedule: Spacing of the noise levels, as in diffusion.text_to_image; "auto" for the model's own.
        shift: Shift of the noise levels of a flow model; null for the model's own.

    Raises:
        ModelError: E718 if the model does not make this, E719 if it makes no numbers.
    """
    from studio_video.interpolate import find_rate
    from studio_video.pipelines import Request, generate_video, makes_videos

    frames = max(1, round(seconds * fps))
    noise = {"sampler": sampler, "schedule": schedule, "shift": shift}
    with _open(ctx, model, loras or (), lora_scales or ()) as (opened, adapters):
        if makes_videos(opened):
            if later_prompts:
                ctx.log("later_prompts are left out: this model makes a video of one prompt")
            asked: tuple[int, int] = _fit(1, 1, width, height) if width or height else (0, 0)
            request = Request(
                prompt, negative_prompt, frames, fps, *asked, steps or 0, guidance_scale, seed, adapters, noise
            )
            return generate_video(opened, request, ctx.step, ctx.log, references=references or ())
        if references or loras:
            message = "an image model takes no references and no LoRAs for a video"
            raise StudioError("E718", message, hint="take a video model, or leave them out")
        if any(value not in (None, "auto") for value in noise.values()):
            ctx.log("sampler, schedule and shift have no effect: an image model draws the keyframes")
        from studio_video.morph import Walk, make_morph

        own_width, own_height = getattr(opened, "native_size", (64, 64))
        size = _fit(own_width, own_height, width, height)
        drawn = max(2, round(seconds * keyframes_per_second), 2 * len(later_prompts or []) + 1) if frames > 1 else 1
        prompts = (prompt, *(later_prompts or ()))
        walk = Walk(prompts, negative_prompt, drawn, motion, steps or 0, guidance_scale, seed)
        return make_morph(
            opened, walk, frames=frames, rate=find_rate(fps), width=size[0], height=size[1], step=ctx.step
        )


@node("video.redraw", lane="device", origin={"video": "generated", "video.audio": "edited"})
def redraw(
    ctx: Context,
    video: Video,
    model: Model,
    *,
    prompt: Annotated[str, Field(min_length=1, max_length=4000)],
    negative_prompt: Annotated[str, Field(max_length=4000)] = "",
    strength: Annotated[float, Field(gt=0, le=1, unit="factor")] | None = None,
    masks: Annotated[list[Mask] | None, Field(max_length=10_000)] = None,
    references: Annotated[list[Image] | None, Field(max_length=16)] = None,
    control_scale: Annotated[float, Field(ge=0, le=2, unit="factor")] | None = None,
    seconds: Annotated[float, Field(gt=0, le=600, unit="seconds")] | None = None,
    fps: _Fps | None = None,
    width: _Side | None = None,
    height: _Side | None = None,
    steps: Annotated[int | None, Field(ge=1, le=1000)] = None,
    guidance_scale: Annotated[float, Field(ge=0, le=30, unit="factor")] | None = None,
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0,
    loras: Annotated[list[Annotated[Model, ModelKinds("lora")]] | None, Field(max_length=16)] = None,
    lora_scales: Annotated[list[float] | None, Field(max_length=16, unit="factor")] = None,
    sampler: Annotated[str, Field(max_length=40)] = "auto",
    schedule: Annotated[str, Field(max_length=40)] = "auto",
    shift: Annotated[float | None, Field(gt=0, le=1000, unit="factor")] = None,
) -> Video:
    """Draw a video again from a prompt, with its motion and its audio.

    Wan 2.1, CogVideoX and AnimateDiff put noise on the frames, as much as `strength` says, and draw from there. Wan
    VACE follows what the frames show, such as lines, depth or poses, or draws only where `masks` are white. The weights
    are your own. All frames are in memory.

    Args:
        video: Video to draw again.
        model: Weights of a video model, a folder of diffusers.
        prompt: Description of the new video.
        negative_prompt: Description of what to avoid.
        strength: How far the new video may leave the old one, from 0 (not at all) to 1 (entirely); null for the model's
            own value.
        masks: Where to draw again (white), one mask for all frames or one for each, for Wan VACE; null for everywhere.
        references: Images of what the video shows, for Wan VACE; null for none.
        control_scale: How strictly Wan VACE follows the frames; null for the model's own value.
        seconds: Length of the part from the start that is drawn again; null for all of it.
        fps: Frames per second of the new video; null for those of the video.
        width: Width of the video; null for that of the video, or the width that follows from `height`.
        height: Height of the video; null for that of the video, or the height that follows from `width`.
        steps: Steps of the network; null for the model's own number.
        guidance_scale: How strictly the network follows the prompt; null for the model's own value.
        seed: Seed of the network; another seed gives another video.
        loras: LoRAs (Hu et al. 2021) to apply to the network; null for none.
        lora_scales: Strength of each LoRA, or one for all; null for 1.
        sampler: Sampler of the network, as in diffusion.text_to_image; "auto" for the model's own.
        schedule: Spacing of the noise levels, as in diffusion.text_to_image; "auto" for the model's own.
        shift: Shift of the noise levels of a flow model; null for the model's own.

    Raises:
        ModelError: E718 if the model does not draw such videos, E719 if it makes no numbers.
    """
    from studio_video.pipelines import Request
    from studio_video.redraw import Source, redraw_video

    rate = fps or float(video.rate)
    length = min(video.duration, seconds) if seconds else video.duration
    asked = _fit(video.width, video.height, width, height) if width or height else (0, 0)
    noise = {"sampler": sampler, "schedule": schedule, "shift": shift}
    source = Source(video, strength, masks or (), references or (), control_scale)
    with _open(ctx, model, loras or (), lora_scales or ()) as (opened, adapters):
        frames = max(1, round(length * rate))
        request = Request(
            prompt, negative_prompt, frames, rate, *asked, steps or 0, guidance_scale, seed, adapters, noise
        )
        return redraw_video(opened, request, source, ctx.step, ctx.log)


@node(
    "video.storyboard",
    code=2,
    check=check_inputs(
        checks.check_scenes,
        checks.check_seconds,
        checks.check_narrations,
        checks.check_captions,
        checks.check_lengths,
        checks.check_moves,
        checks.check_anchors,
    ),
    version="2.0",
    migrations={
        1: Migration(
            inputs={
                "pictures": "images",
                "passage": "transition_seconds",
                "music_level": "music_gain",
                "duck": "ducking",
                "seconds": "scene_seconds",
                "rate": "fps",
            }
        )
    },
    origin={"video": "edited", "video.audio": "edited"},
)
def assemble_storyboard(
    ctx: Context,
    images: list[Image],
    *,
    narrations: list[Audio] | None = None,
    captions: list[str] | None = None,
    scene_seconds: Annotated[list[float], Field(unit="seconds")] | None = None,
    moves: list[Move] | None = None,
    music: Audio | None = None,
    transition_seconds: Annotated[float, Field(ge=0, le=10, unit="seconds")] = 0.8,
    pause: Annotated[float, Field(ge=0, le=60, unit="seconds")] = 0.6,
    amount: _Share = 0.2,
    music_gain: Annotated[float, Field(ge=-60, le=12, unit="dB")] = -12.0,
    ducking: Annotated[float, Field(ge=0, le=60, unit="dB")] = 9.0,
    fps: _Fps = 24.0,
    width: Annotated[int, Field(ge=16, le=8192, unit="pixels")] = 1280,
    height: Annotated[int, Field(ge=16, le=8192, unit="pixels")] = 720,
    anchors: Annotated[list[Anchor] | None, Added] = None,
) -> Storyboard:
    """Make a video of scenes: a camera moves over images, with transitions, narration and music.

    Args:
        images: Images, one for each scene, cropped to the video's shape.
        narrations: Narration of each scene, such as the output of `speech.say`; null for none.
        captions: Caption of each scene; they become the output `subtitles`.
        scene_seconds: Shortest length of each scene, or one number for all; null for 4. A scene lasts at least as long
            as its narration.
        moves: Move of the camera in each scene, or one for all; null varies them.
        music: Background music, repeated if it is short, and softer while a narration is heard, not in its silences.
        transition_seconds: Length of the transition between scenes; 0 for cuts.
        pause: Silence after each narration.
        amount: Size of the camera's move.
        music_gain: Gain of the music without narration.
        ducking: Reduction of the music during narration.
        fps: Frames per second of the video.
        width: Width of the video.
        height: Height of the video.
        anchors: Part of each image that stays in view where it is cropped, such as "top" for portraits, or one for
            all; null for the center.

    Raises:
        MediaError: E720 if there is no image, or as many of something else.
    """
    from studio_video.interpolate import find_rate
    from studio_video.storyboard import assemble, mix_voices, plan_scenes, write_subtitles

    checks.check_seconds(scene_seconds)
    scenes = plan_scenes(
        images,
        voices=narrations or (),
        captions=captions or (),
        seconds=scene_seconds or (),
        moves=moves or (),
        passage=transition_seconds,
        pause=pause,
        anchors=anchors or (),
    )
    sound = mix_voices(scenes, music, music_level=music_gain, duck=ducking)
    film = assemble(scenes, sound, rate=find_rate(fps), width=width, height=height, amount=amount, step=ctx.step)
    return Storyboard(film, write_subtitles(scenes), [scene.start for scene in scenes])


@contextmanager
def _open(
    ctx: Context, model: Model, loras: Sequence[Model], scales: Sequence[float]
) -> Iterator[tuple[Any, list[tuple[Any, float]]]]:
    """Lease a model and its LoRAs with their scales.

    Raises:
        StudioError: E625 if there is not a scale for each LoRA, one for all, or none, or if one is not a LoRA.
    """
    if scales and len(scales) not in (1, len(loras)):
        message = f"{len(scales)} scales for {len(loras)} LoRAs"
        raise StudioError("E625", message, hint="give one scale for each, one for all, or none")
    shares = list(scales) * len(loras) if len(scales) == 1 else list(scales) or [1.0] * len(loras)
    with ExitStack() as stack:
        opened = stack.enter_context(ctx.open(model))
        adapters = [stack.enter_context(ctx.open(lora)) for lora in loras]
        for lora, adapter in zip(loras, adapters, strict=True):
            if not hasattr(adapter, "apply_with"):
                raise StudioError("E625", f"{lora} is not a LoRA", hint="name the .safetensors file of a LoRA")
        yield opened, list(zip(adapters, shares, strict=True))


def _fit(own_width: int, own_height: int, width: int | None, height: int | None) -> tuple[int, int]:
    """Return a size of which one side or both are given."""
    if width and height:
        return width, height
    if width:
        return width, max(1, round(width * own_height / own_width))
    if height:
        return max(1, round(height * own_width / own_height)), height
    return own_width, own_height


NODE_TYPES: list[Any] = find_node_types(sys.modules[__name__])
