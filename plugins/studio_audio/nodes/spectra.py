"""Spectrograms as values and as images, and plots."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from studio.api import Audio, Channels, Context, Field, Image, MediaError, Migration, check_inputs, node
from studio_audio import checks
from studio_audio.spectrogram import Spectrogram

Grey = Annotated[Image, Channels(1)]
Low = Annotated[float, Field(ge=-200, le=0, unit="dB")]
High = Annotated[float, Field(ge=-100, le=60, unit="dB")]


class Drawn(NamedTuple):
    """A spectrogram as an image.

    Attributes:
        image: Grey image: time to the right, frequency upwards, loud is white.
        spectrogram: Input spectrogram, for `audio.from_spectrogram_image`.
    """

    image: Grey
    spectrogram: Spectrogram


@node(
    "audio.spectrogram",
    check=check_inputs(checks.check_window, checks.check_bands_range),
    version="2.0",
    migrations={
        1: Migration(
            inputs={"low": "min_frequency", "high": "max_frequency", "bands": "mel_bands", "octave": "bins_per_octave"}
        )
    },
    origin="edited",
)
def make_spectrogram(
    ctx: Context,
    audio: Audio,
    *,
    kind: Literal["stft", "mel", "cqt"] = "stft",
    window: Annotated[int, Field(ge=16, le=65_536, unit="samples")] = 2048,
    overlap: Literal[2, 4, 8, 16] = 4,
    mel_bands: Annotated[int, Field(ge=2, le=1024)] = 128,
    bins_per_octave: Annotated[int, Field(ge=3, le=96)] = 24,
    min_frequency: Annotated[float, Field(ge=1, le=100_000, unit="hertz")] = 32.7,
    max_frequency: Annotated[float, Field(ge=2, le=384_000, unit="hertz")] = 16_000.0,
) -> Spectrogram:
    """Turn audio into a spectrogram: magnitudes over frequency and time, with phases for the way back.

    "stft" is the short-time Fourier transform with a Hann window. "mel" is the same in bands evenly spaced on the mel
    scale. "cqt" is an invertible constant-Q transform (Velasco, Holighaus, Doerfler and Grill 2011) with bins evenly
    spaced in pitch.

    Args:
        audio: Audio to transform.
        kind: Transform: "stft", "mel" or "cqt".
        window: Number of samples in a window, a multiple of the overlap; for stft and mel.
        overlap: Number of windows over each sample; for stft and mel.
        mel_bands: Number of bands; for mel.
        bins_per_octave: Number of bins in an octave; for cqt.
        min_frequency: Lowest frequency; for mel and cqt.
        max_frequency: Highest frequency, at most half the sample rate; for mel and cqt.

    Raises:
        MediaError: E641 for a window that the overlap does not divide, or bins that do not fit below half the rate;
            E640 over the limits; E642 for audio without samples; E503 for more samples than an hour of 48 kHz stereo
            has, as it is held whole.
    """
    from studio_audio.spectra import analyse_cqt, analyse_mel, analyse_stft

    if not audio.frames:
        raise MediaError("E642", "the audio has no samples, so it has no spectrogram", hint="check its source")
    checks.check_window(window, overlap)
    checks.check_bands_range(max_frequency, min_frequency, kind)
    ctx.step(0, 1)
    if kind == "stft":
        return analyse_stft(audio, window, window // overlap)
    if kind == "mel":
        return analyse_mel(audio, window, window // overlap, mel_bands, min_frequency, max_frequency)
    return analyse_cqt(audio, min_frequency, max_frequency, bins_per_octave)


@node(
    "audio.from_spectrogram", version="2.0", migrations={1: Migration(inputs={"rounds": "iterations"})}, origin="edited"
)
def audio_from_spectrogram(
    ctx: Context,
    spectrogram: Spectrogram,
    *,
    phase: Literal["keep", "find"] = "keep",
    iterations: Annotated[int, Field(ge=1, le=1000)] = 60,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> Audio:
    """Turn a spectrogram back into audio.

    With phases, the audio is exact to within rounding (1e-6). Missing phases are estimated by the algorithm of Griffin
    and Lim (1984) in its fast form (Perraudin, Balazs and Soendergaard 2013).

    Args:
        spectrogram: Spectrogram to convert.
        phase: "keep" uses the spectrogram's phases, "find" estimates new ones.
        iterations: Number of iterations that estimate phases.
        seed: Seed of the phases that the estimate starts with.
    """
    from studio_audio.spectra import synthesise

    if phase == "find":
        spectrogram = spectrogram.replace(phase=None, carrier=None, rest=None)
    return synthesise(spectrogram, iterations, ctx.rng(seed), lambda done, total: ctx.step(done, total))


@node(
    "audio.spectrogram_image",
    check=check_inputs(checks.check_levels),
    version="2.0",
    migrations={1: Migration(inputs={"low": "min_db", "high": "max_db"})},
    origin="edited",
)
def draw_spectrogram(ctx: Context, spectrogram: Spectrogram, *, min_db: Low = -90.0, max_db: High = 0.0) -> Drawn:
    """Draw a spectrogram as a grey image in decibels, for any image node; one pixel is one value.

    Args:
        spectrogram: Spectrogram to draw; channels are averaged by power.
        min_db: Level of black; 0 dB is a sine at full scale.
        max_db: Level of white, above `min_db`; 0 dB is a sine at full scale.

    Raises:
        MediaError: E641 if `max_db` is not above `min_db`, E640 for more columns than an image may have.
    """
    from studio_audio.spectrum_image import draw_levels

    checks.check_levels(max_db, min_db)
    return Drawn(Image(draw_levels(spectrogram, min_db, max_db)), spectrogram)


@node(
    "audio.from_spectrogram_image",
    check=check_inputs(checks.check_levels),
    version="2.0",
    migrations={1: Migration(inputs={"low": "min_db", "high": "max_db", "rate": "sample_rate"})},
    origin="edited",
)
def read_spectrogram(
    ctx: Context,
    image: Image,
    *,
    like: Spectrogram | None = None,
    min_db: Low = -90.0,
    max_db: High = 0.0,
    sample_rate: Annotated[int, Field(ge=1000, le=192_000, unit="hertz")] = 44_100,
    hop: Annotated[int, Field(ge=4, le=16_384, unit="samples")] = 512,
) -> Spectrogram:
    """Read an image as a spectrogram: time to the right, frequency upwards, loud is white.

    With the original spectrogram, phases and channels are kept, and only changes of the image change the audio: an
    unchanged image gives the original audio. Without it, `audio.from_spectrogram` estimates phases later, and any image
    becomes audio.

    Args:
        image: Image to read; colors become luma (ITU-R BT.601), and other sizes than the spectrogram's are resized.
        like: Spectrogram that the image was drawn from; null for none.
        min_db: Level of black; pure black is silence.
        max_db: Level of white, above `min_db`; 0 dB is a sine at full scale.
        sample_rate: Sample rate without `like`; the top of the image is half of it.
        hop: Samples between two columns of the image, without `like`.

    Raises:
        MediaError: E641 if `max_db` is not above `min_db`, E640 over the limits.
    """
    import numpy as np

    from studio_audio.bounds import check_length
    from studio_audio.spectrum_image import apply_levels, read_levels, resize_levels

    checks.check_levels(max_db, min_db)
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    pixels = image.pixels
    levels = pixels[:, :, 0] if image.channels == 1 else pixels[:, :, :3] @ weights
    if like is None:
        check_length(image.width * hop, 1, sample_rate)
        return read_levels(levels, sample_rate, hop, min_db, max_db)
    if levels.shape != (like.bins, like.columns):
        size = f"{image.width} x {image.height}"
        ctx.log(f"the image is {size}, resized to the spectrogram's {like.columns} x {like.bins}")
    return apply_levels(like, resize_levels(levels, like.bins, like.columns), min_db, max_db)


@node("audio.plot", origin="algorithmic")
def plot_audio(
    ctx: Context,
    audio: Audio,
    *,
    show: Literal["both", "wave", "spectrogram"] = "both",
    width: Annotated[int, Field(ge=64, le=8192, unit="pixels")] = 1200,
    height: Annotated[int, Field(ge=64, le=8192, unit="pixels")] = 640,
) -> Annotated[Image, Channels(3)]:
    """Draw the waveform and the spectrogram of audio, with axes in seconds and hertz.

    The waveform shows extremes, and the RMS in a lighter color. The spectrogram has octaves of equal height, and levels
    in dB (0 is a sine at full scale) from the loudest down to 80 dB below.

    Args:
        audio: Audio to draw.
        show: What to draw: the waveform, the spectrogram or both.
        width: Width of the image.
        height: Height of the image.

    Raises:
        MediaError: E503 for more samples than an hour of 48 kHz stereo has, as they are held whole.
    """
    from studio_audio.plot import draw_audio

    ctx.step(0, 1)
    return Image(draw_audio(audio, width, height, show != "spectrogram", show != "wave"))
