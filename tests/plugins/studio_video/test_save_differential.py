"""Saved videos as FFmpeg and Pillow show them: extension x codec x pixel format x alpha x depth x rate, with audio.

Frames, alpha, depth, times, lengths, color tags and audio are held against what was saved. Slow tests try all that
`video.save` offers, and nine generations of each, and leave tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, product
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest

from studio.api import Audio, Image, MediaError, MediaLimits, Video, VideoType
from studio.testing import TestContext
from studio_video import save
from studio_video.encodings import CODECS, PIXELS
from studio_video.nodes import files
from studio_video.save import is_encodable
from tests.plugins.studio_video.clips import name_output, open_file
from tests.studio.api.ffmpeg_chain import read_with_ffmpeg
from tests.tables import Recorder, add_row

Array = npt.NDArray[Any]
SAVED = "Videos saved, as FFmpeg and Pillow show them"
AGAIN = "Nine generations of a video through video.load and video.save"
RATES = [Fraction(12), Fraction(24), Fraction(25), Fraction(30_000, 1001), Fraction(60)]
GENERATIONS = 9
FILM = Path(__file__).parents[3] / "graphs" / "media" / "bunny.mp4"
KEEPS_ALPHA = {"prores": "yuva444p10le", "vp9": "yuva420p", "apng": "rgba", "webp": "bgra", "gif": "pal8"}
UNIT = {"gif": 0.01, "webp": 0.001, "webm": 0.001, "mkv": 0.001}
"""Seconds of a unit of time in a file; others are exact to a tenth of a millisecond."""


@dataclass(frozen=True)
class Kind:
    """What `video.save` is asked for."""

    extension: str
    codec: str
    pixels: str
    alpha: bool

    def __str__(self) -> str:
        return f"{self.extension}-{self.codec}-{self.pixels}{'-alpha' if self.alpha else ''}"


def list_kinds() -> Iterator[Kind]:
    for codec, (encoder, extensions) in CODECS.items():
        for extension, pixels in product(extensions, PIXELS[codec]):
            if is_encodable(encoder, pixels) and (extension, pixels) != ("mp4", "yuva420p"):
                yield Kind(extension, codec, pixels, alpha=False)
                if pixels == KEEPS_ALPHA.get(codec) or pixels == PIXELS[codec][0]:
                    yield Kind(extension, codec, pixels, alpha=True)


KINDS = list(list_kinds())


def make_frames(*, deep: bool, alpha: bool, count: int = 4) -> list[Array]:
    """Smooth frames of 128 x 96 that change."""
    y, x = np.mgrid[:96, :128]
    frames = []
    for index in range(count):
        waves = [np.sin((x + 2 * index) / 19 + y / 31), np.sin(x / 23 - y / 17), np.cos(x / 41 + y / 13)]
        planes = [wave * 0.4 + 0.5 for wave in waves] + ([np.where(x < 64 + index, x / 64, 1.0).clip(0, 1)] * alpha)
        top = 65535 if deep else 255
        frames.append(np.rint(np.stack(planes, axis=2) * top).astype(np.uint16 if deep else np.uint8))
    return frames


def make_video(frames: list[Array], rate: Fraction, audio: Audio | None = None) -> Video:
    return Video.from_images([Image(frame) for frame in frames], rate, audio)


def make_noise() -> Audio:
    noise = np.random.default_rng(3).normal(size=(24_000, 1))
    smooth = np.stack([np.convolve(noise[:, 0], np.hanning(48) / 24, "same")], axis=1)
    return Audio((smooth / np.abs(smooth).max() * 0.5).astype(np.float32), 48_000)


def read_independently(path: Path) -> list[tuple[float, Array]]:
    """Times and RGBA of FFmpeg, and of Pillow for WebP, which FFmpeg does not read whole."""
    if path.suffix != ".webp":
        return read_with_ffmpeg(path, layout="rgba")
    found, time = [], 0.0
    with PIL.Image.open(path) as picture:
        for index in range(getattr(picture, "n_frames", 1)):
            picture.seek(index)
            found.append((time, np.asarray(picture.convert("RGBA"))))
            time += picture.info["duration"] / 1000
    return found


@dataclass(frozen=True)
class Found:
    """How far a file is from what was saved: color as mean, alpha, both in levels of 8 bits; seconds; samples."""

    bias: float
    noise: float
    alpha: float
    slip: float
    lag: int
    levels: int


def save_kind(folder: Path, kind: Kind, rate: Fraction) -> Found:
    deep = "10" in kind.pixels
    frames = make_frames(deep=deep, alpha=kind.alpha)
    audio = make_noise() if kind.extension not in ("gif", "apng", "webp") else None
    path = folder / f"a.{kind.extension}"
    options: dict[str, Any] = {"codec": kind.codec, "pixel_format": kind.pixels}
    files.save_video(TestContext(), make_video(frames, rate, audio), name_output(path), **options)

    shown = read_independently(path)
    loaded = VideoType().read_file(path, MediaLimits())
    stored = next(loaded.frames()).image.stored
    wanted = [composite(frame, keeps_alpha=kind.pixels == KEEPS_ALPHA.get(kind.codec)) for frame in frames]
    assert len(shown) == len(frames)
    visible = [want[:, :, 3:] / 255 for want in wanted]
    if kind.codec == "gif":
        visible = [np.rint(share) for share in visible]
    errors = [
        (each[:, :, :3] - want[:, :, :3]) * seen for (_, each), want, seen in zip(shown, wanted, visible, strict=True)
    ]
    alpha = max(
        float(np.abs(each[:, :, 3] - want[:, :, 3]).max()) for (_, each), want in zip(shown, wanted, strict=True)
    )
    slip = max(abs(time - index / float(rate)) for index, (time, _) in enumerate(shown))
    lag = 0
    if audio is not None:
        assert loaded.audio is not None
        lag = find_lag(loaded.audio.samples[:, 0], audio.samples[:, 0])
    noise = max(float(np.sqrt(np.mean(error**2))) for error in errors)
    bias = max(float(np.abs(error.mean(axis=(0, 1))).max()) for error in errors)
    return Found(bias, noise, alpha, slip, lag, len(np.unique(stored[:, :, 0])))


def composite(frame: Array, *, keeps_alpha: bool) -> Array:
    """What a file should show, as floats of 8 bits: alpha as it is, or over white."""
    scaled = frame.astype(np.float64) / (257 if frame.dtype == np.uint16 else 1)
    if scaled.shape[2] == 3:
        return np.dstack([scaled, np.full(scaled.shape[:2], 255.0)])
    if keeps_alpha:
        return scaled
    share = scaled[:, :, 3:] / 255
    return np.dstack([scaled[:, :, :3] * share + 255 * (1 - share), np.full(scaled.shape[:2], 255.0)])


def find_lag(seen: Array, written: Array) -> int:
    size = 1 << (len(seen) + len(written)).bit_length()
    correlation = np.fft.irfft(np.fft.rfft(seen, size) * np.conj(np.fft.rfft(written, size)))
    lag = int(np.argmax(correlation))
    return lag if lag < size // 2 else lag - size


def find_faults(kind: Kind, rate: Fraction, found: Found) -> list[str]:
    bias, noise = {"apng": (0.01, 0.3), "gif": (3.0, 25.0), "prores": (0.1, 1.0)}.get(kind.codec, (2.0, 8.0))
    faults = []
    if found.bias > bias:
        faults.append(f"color is {found.bias:.2f} off in the mean")
    if found.noise > noise:
        faults.append(f"noise of {found.noise:.2f}")
    if found.alpha > {"gif": 128, "vp9": 20, "prores": 1, "apng": 0, "webp": 0}.get(kind.codec, 0):
        faults.append(f"alpha is {found.alpha:.0f} off")
    if found.slip > UNIT.get(kind.extension, 1e-4) * 1.01:
        faults.append(f"times are {found.slip:.4f} s off")
    if abs(found.lag) > 15:
        faults.append(f"audio is {found.lag} samples off")
    if "10" in kind.pixels and found.levels <= 256:
        faults.append(f"{found.levels} levels of red")
    return [f"{float(rate):.5g} fps: {fault}" for fault in faults]


def test_the_alpha_of_vp9_goes_into_no_mp4(tmp_path: Path) -> None:
    film = make_video(make_frames(deep=False, alpha=True), Fraction(25))
    context = TestContext()

    files.save_video(context, film, name_output(tmp_path / "a.mp4"), codec="vp9")

    assert any("alpha is laid over white" in each for each in context.messages)
    with pytest.raises(MediaError, match="does not support the alpha of VP9"):
        files.save_video(TestContext(), film, name_output(tmp_path / "b.mp4"), codec="vp9", pixel_format="yuva420p")


def test_a_pixel_format_that_the_encoder_lacks_is_named_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(save, "is_encodable", lambda encoder, pixels: "10" not in pixels)
    film = make_video(make_frames(deep=True, alpha=False), Fraction(25))

    with pytest.raises(MediaError, match="does not write yuv420p10le with vp9") as caught:
        files.save_video(TestContext(), film, name_output(tmp_path / "a.webm"), codec="vp9", pixel_format="yuv420p10le")

    assert caught.value.code == "E702"
    assert "yuv444p" in str(caught.value.hint)
    assert list(tmp_path.iterdir()) == []


SHORT = [kind for kind in KINDS if kind.extension == CODECS[kind.codec][1][0]]


@pytest.mark.parametrize("kind", SHORT, ids=str)
def test_a_saved_video_shows_what_was_saved(tmp_path: Path, kind: Kind) -> None:
    assert find_faults(kind, Fraction(25), save_kind(tmp_path, kind, Fraction(25))) == []


@pytest.mark.parametrize("kind", [each for each in SHORT if each.pixels.startswith("yuv")], ids=str)
def test_saved_yuv_says_that_it_is_bt709_in_limited_range(tmp_path: Path, kind: Kind) -> None:
    save_kind(tmp_path, kind, Fraction(25))

    with av.open(str(tmp_path / f"a.{kind.extension}")) as container:
        frame: Any = next(container.decode(video=0))
        context = container.streams.video[0].codec_context
    assert (frame.colorspace, frame.color_range) == (1, 1)
    assert (context.color_primaries, context.color_trc) == (1, 1)


@pytest.mark.slow
def test_every_format_alpha_and_rate_is_saved_as_it_was(tmp_path: Path, record_property: Recorder) -> None:
    failed = []
    for kind in KINDS:
        found = [save_kind(tmp_path, kind, rate) for rate in RATES]
        faults = [fault for rate, each in zip(RATES, found, strict=True) for fault in find_faults(kind, rate, each)]
        failed += [(str(kind), fault) for fault in faults]
        reason = "at 60 fps some are left out" if kind.codec == "gif" else "ok"
        row: dict[str, object] = {"file": f".{kind.extension}", "codec": kind.codec, "pixels": kind.pixels}
        row |= {"video has alpha": "yes" if kind.alpha else "no", "rates": len(RATES)}
        row |= {"color, levels in the mean": f"{max(each.bias for each in found):.2f}"}
        row |= {"alpha, levels": f"{max(each.alpha for each in found):.0f}"}
        row |= {"times, s": f"{max(each.slip for each in found):.4f}"}
        row |= {"audio, samples": max((each.lag for each in found), key=abs)}
        add_row(record_property, SAVED, row | {"result": "; ".join(faults) or reason})
    assert failed == []


def read_film(*, deep: bool) -> list[Array]:
    """Six frames of a film, of 160 x 90, which are enough to measure a mean."""
    video = VideoType().read_file(FILM, MediaLimits())
    whole = [frame.image.to_uint8()[:180, :320].astype(float) for frame in islice(video.frames(), 6)]
    small = [frame.reshape(90, 2, 160, 2, 3).mean(axis=(1, 3)) for frame in whole]
    return [np.rint(frame * (257 if deep else 1)).astype(np.uint16 if deep else np.uint8) for frame in small]


def run_generations(folder: Path, codec: str, pixels: str, frames: list[Array]) -> list[Array]:
    """The frames of a video that was saved and loaded again nine times."""
    extension = CODECS[codec][1][0]
    options: dict[str, Any] = {"codec": codec, "pixel_format": pixels}
    for generation in range(GENERATIONS):
        path = folder / f"{generation}.{extension}"
        path.unlink(missing_ok=True)
        files.save_video(TestContext(), make_video(frames, Fraction(25)), name_output(path), **options)
        frames = [frame.image.stored for frame in files.load_video(TestContext(), open_file(path)).frames()]
    return frames


CODED = [
    (codec, pixels) for codec, kinds in PIXELS.items() for pixels in kinds if is_encodable(CODECS[codec][0], pixels)
]


def measure_drift(folder: Path, codec: str, pixels: str) -> tuple[Array, float]:
    """The mean difference of each channel after nine generations, and the mean of the amounts, in levels of 8 bits."""
    frames = read_film(deep="10" in pixels)
    last = run_generations(folder, codec, pixels, frames)
    drift = (np.stack(last)[..., :3].astype(float) - np.stack(frames)) / (257 if "10" in pixels else 1)
    return drift.mean(axis=(0, 1, 2)), float(np.abs(drift).mean())


@pytest.mark.slow
def test_nine_generations_drift_by_less_than_a_level(tmp_path: Path, record_property: Recorder) -> None:
    failed = []
    for codec, pixels in CODED:
        means, amount = measure_drift(tmp_path, codec, pixels)
        good = np.abs(means).max() < 1.0
        failed += [] if good else [(codec, pixels)]
        row: dict[str, object] = {"codec": codec, "pixels": pixels}
        row |= {name: f"{mean:+.2f}" for name, mean in zip(("red", "green", "blue"), means, strict=True)}
        add_row(record_property, AGAIN, row | {"mean amount": f"{amount:.2f}", "result": "ok" if good else "drifts"})
    assert failed == []
