"""Scenes put together to one video: stills that a camera moves over, narrated, with subtitles and music."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from studio.api import Anchor, Audio, Frame, Image, Video, place_box
from studio_video.camera import Camera, Shot, ease
from studio_video.checks import (
    check_anchors,
    check_captions,
    check_lengths,
    check_moves,
    check_narrations,
    check_scenes,
)
from studio_video.flow import FloatArray
from studio_video.interpolate import to_depth
from studio_video.moves import Move

if TYPE_CHECKING:
    Step = Callable[[int, int, Image | None], None]

# In turn, where no move is said: no two neighbours go the same way.
_MOVES: tuple[Move, ...] = ("zoom_in", "pan_right", "zoom_out", "parallax", "pan_left")
T = TypeVar("T")
_SCENE_SECONDS = 4.0
_FADE_SECONDS = 1.0  # of music at both ends
_DUCK_SECONDS = 0.35
_LEVEL_SECONDS = 0.02  # over which the level of a voice is measured
_LEAST_LEVEL, _LEAST_SHARE = 0.001, 0.03  # of full scale, and of the voice's highest level: below is silence


@dataclass(frozen=True)
class Scene:
    """A scene of a video.

    Attributes:
        picture: What is seen.
        start: Seconds from the start of the video.
        end: Until when, with the passage to the next one.
        move: What the camera does.
        voice: What is said, or None.
        voice_start: Seconds from the start of the video.
        caption: What can be read, or nothing.
        anchor: What the camera keeps in view.
    """

    picture: Image
    start: float
    end: float
    move: Move
    voice: Audio | None
    voice_start: float
    caption: str
    anchor: Anchor = "center"


def plan_scenes(
    images: Sequence[Image],
    *,
    voices: Sequence[Audio],
    captions: Sequence[str],
    seconds: Sequence[float],
    moves: Sequence[Move],
    passage: float,
    pause: float,
    anchors: Sequence[Anchor] = (),
) -> list[Scene]:
    """Return when each scene is seen and heard: as long as was asked for, or as its voice takes.

    Raises:
        MediaError: E720 if there is no image, or a list has neither one entry for each nor one for all.
    """
    count = len(images)
    check_scenes(images)
    check_narrations(voices, images)
    check_captions(captions, images)
    check_lengths(seconds, images)
    check_moves(moves, images)
    check_anchors(anchors, images)
    scenes, start = [], 0.0
    for index, image in enumerate(images):
        voice = voices[index] if voices else None
        lead = passage if index else min(passage, pause)
        spoken = lead + voice.duration + pause + (passage if index + 1 < count else 0.0) if voice else 0.0
        length = max(_take_turn(seconds or (_SCENE_SECONDS,), index), spoken, 2 * passage + 0.1)
        move, caption = _take_turn(moves or _MOVES, index), _take_turn(captions or ("",), index)
        anchor = _take_turn(anchors or ("center",), index)
        scenes.append(Scene(image, start, start + length, move, voice, start + lead, caption, anchor))
        start += length - passage
    return scenes


def _take_turn(row: Sequence[T], index: int) -> T:
    """Return an entry of a list that begins again where it ends."""
    return row[index % len(row)]


def assemble(
    scenes: Sequence[Scene], audio: Audio | None, *, rate: Fraction, width: int, height: int, amount: float, step: Step
) -> Video:
    """Return the video of scenes; one or two images are held at a time beside those given."""
    total = scenes[-1].end
    frames = max(1, round(total * rate))

    def create_frames() -> Iterator[Frame]:
        cameras: dict[int, Camera] = {}
        for index in range(frames):
            time = float(index / rate)
            seen = [each for each, scene in enumerate(scenes) if scene.start <= time < scene.end] or [len(scenes) - 1]
            cameras = {each: cameras.get(each) or _open(scenes[each], width, height, amount) for each in seen}
            image = _show(scenes, cameras, time)
            step(index, frames, image if index % 24 == 0 else None)
            yield Frame(image, time)

    return Video(create_frames, width=width, height=height, rate=rate, count=frames, audio=audio)


def _open(scene: Scene, width: int, height: int, amount: float) -> Camera:
    x, y = place_box((0.0, 0.0), (1.0, 1.0), scene.anchor)
    return Camera(_to_rgb(scene.picture), Shot(scene.move, amount, x, y, "linear", width, height), None)


def _to_rgb(image: Image) -> Image:
    pixels = image.pixels
    if image.channels == 4:
        pixels = pixels[..., :3] * pixels[..., 3:]
    elif image.channels == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    return to_depth(pixels, image.stored.dtype)


def _show(scenes: Sequence[Scene], cameras: dict[int, Camera], time: float) -> Image:
    """Return what is seen at a time: of two scenes, the one passes into the other."""
    taken = []
    for index, camera in sorted(cameras.items()):
        scene = scenes[index]
        taken.append(camera.take(min(1.0, (time - scene.start) / (scene.end - scene.start))))
    if len(taken) == 1:
        return taken[0]
    second = scenes[max(cameras)]
    shared = scenes[min(cameras)].end - second.start
    share = np.float32(ease(min(1.0, max(0.0, (time - second.start) / shared)), "smooth"))
    dtype = np.result_type(taken[0].stored.dtype, taken[-1].stored.dtype)
    return to_depth((1 - share) * taken[0].pixels + share * taken[-1].pixels, dtype)


def mix_voices(scenes: Sequence[Scene], music: Audio | None, *, music_level: float, duck: float) -> Audio | None:
    """Return voices over music, which fades in and out, begins again where it is short, and steps back for voices.

    Args:
        scenes: The scenes.
        music: What plays, or None.
        music_level: Of the music, in dB.
        duck: By how much it is softer while someone speaks, in dB.
    """
    voices = [(scene.voice, scene.voice_start) for scene in scenes if scene.voice is not None and scene.voice.frames]
    played = [music] if music is not None and music.frames else []
    clips = [*(voice for voice, _ in voices), *played]
    if not clips:
        return None
    rate, channels = max(clip.rate for clip in clips), min(2, max(clip.channels for clip in clips))
    frames = round(scenes[-1].end * rate)
    mixed, spoken = _place_voices(voices, frames, rate, channels)
    for music in played:
        mixed += _play(_convert(music, rate, channels), frames, rate) * _find_gain(spoken, rate, music_level, duck)
    return Audio(_keep_below(mixed, 0.98), rate)


def _keep_below(samples: FloatArray, top: float) -> FloatArray:
    """Return samples, turned down as a whole where one of them is over a top."""
    peak = float(np.abs(samples).max(initial=0.0))
    return samples / peak * top if peak > top else samples


def _place_voices(
    voices: Sequence[tuple[Audio, float]], frames: int, rate: int, channels: int
) -> tuple[FloatArray, FloatArray]:
    """Return voices at the times when they begin, and for each frame 1 while one of them sounds, 0 otherwise."""
    mixed = np.zeros((frames, channels), np.float32)
    spoken = np.zeros(frames, np.float32)
    for voice, seconds in voices:
        begin = round(seconds * rate)
        part = _convert(voice, rate, channels)[: frames - begin]
        mixed[begin : begin + len(part)] += part
        spoken[begin : begin + len(part)] = np.maximum(spoken[begin : begin + len(part)], _find_speech(part, rate))
    return mixed, spoken


def _find_speech(samples: FloatArray, rate: int) -> FloatArray:
    """Return 1 for each frame where a voice sounds, and 0 where it is silent."""
    from scipy.ndimage import uniform_filter1d

    power = np.square(np.abs(samples).max(axis=1, initial=0.0), dtype=np.float64)
    level = np.sqrt(np.maximum(uniform_filter1d(power, max(1, round(_LEVEL_SECONDS * rate)), mode="constant"), 0.0))
    sounds: FloatArray = (level > max(_LEAST_LEVEL, _LEAST_SHARE * level.max(initial=0.0))).astype(np.float32)
    return sounds


def _convert(audio: Audio, rate: int, channels: int) -> FloatArray:
    samples = audio.samples
    if samples.shape[1] != channels:
        samples = np.repeat(samples.mean(axis=1, keepdims=True), channels, axis=1)
    if audio.rate != rate:
        import soxr

        samples = soxr.resample(samples, audio.rate, rate, quality="HQ").reshape(-1, channels)
    return np.asarray(samples, np.float32)


def _play(music: FloatArray, frames: int, rate: int) -> FloatArray:
    """Return music as long as the video, faded at both ends, and into itself where it begins again."""
    overlap = min(rate, len(music) // 4)
    played = np.zeros((frames, music.shape[1]), np.float32)
    begin = 0
    while begin < frames:
        part = music.copy()
        if begin and overlap:
            part[:overlap] *= np.sin(np.linspace(0, np.pi / 2, overlap, dtype=np.float32))[:, None]
        if begin + len(part) < frames and overlap:
            part[-overlap:] *= np.cos(np.linspace(0, np.pi / 2, overlap, dtype=np.float32))[:, None]
        part = part[: frames - begin]
        played[begin : begin + len(part)] += part
        begin += max(1, len(music) - overlap)
    fade = min(round(_FADE_SECONDS * rate), frames // 3)
    if fade:
        ramp = np.linspace(0, 1, fade, dtype=np.float32)[:, None]
        played[:fade] *= ramp
        played[-fade:] *= ramp[::-1]
    return played


def _find_gain(spoken: FloatArray, rate: int, level: float, duck: float) -> FloatArray:
    from scipy.ndimage import maximum_filter1d, uniform_filter1d

    span = max(1, round(_DUCK_SECONDS * rate))
    softer = uniform_filter1d(maximum_filter1d(spoken, span), span)
    gain: FloatArray = (10 ** ((level - duck * softer) / 20))[:, None].astype(np.float32)
    return gain


def write_subtitles(scenes: Sequence[Scene]) -> str:
    """Return the captions as SubRip; one shows while its voice is heard, or while its scene is seen."""
    parts: list[str] = []
    for scene in scenes:
        if not scene.caption.strip():
            continue
        end = scene.voice_start + scene.voice.duration if scene.voice else scene.end - (scene.voice_start - scene.start)
        times = " --> ".join(_write_time(each) for each in (scene.voice_start, max(end, scene.voice_start + 0.1)))
        lines = "\n".join(line for line in scene.caption.splitlines() if line.strip())
        parts.append(f"{len(parts) + 1}\n{times}\n{lines}\n")
    return "\n".join(parts)


def _write_time(seconds: float) -> str:
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02},{whole % 1000:03}"
