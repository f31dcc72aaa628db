"""Audio from files and videos, to files, and from nothing."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from studio.api import (
    Added,
    Audio,
    Context,
    Field,
    File,
    Image,
    JsonValue,
    MediaError,
    Migration,
    OutputPath,
    Video,
    check_inputs,
    node,
)
from studio_audio import checks

Seconds = Annotated[float, Field(ge=0, le=86_400, unit="seconds")]
Rate = Annotated[int, Field(ge=1000, le=768_000, unit="hertz")]
Count = Annotated[int, Field(ge=1, le=64)]
Tag = Annotated[str, Field(max_length=1000), Added]
Decibels = Annotated[float, Field(ge=-120, le=60, unit="dB")]


class Facts(NamedTuple):
    """What the audio is.

    Attributes:
        seconds: Length of the audio in seconds.
        sample_rate: Sample rate in hertz.
        channels: Number of channels.
        loudness: Integrated loudness in LUFS (ITU-R BS.1770-4); -120 for silence.
        facts: All of these as a JSON mapping, with `frames`, `true_peak` (dBTP, null for silence), `loudness_range`
            (LU, EBU Tech 3342), `clipped` (samples in runs at full scale) and `offset` (largest mean of a channel).
    """

    seconds: float
    sample_rate: int
    channels: int
    loudness: float
    facts: JsonValue


class Saved(NamedTuple):
    """A file that was written.

    Attributes:
        path: Path of the file, relative to the run's output folder.
    """

    path: str


def _to_bits(bits: str | int | float) -> str | int | float:
    return {"16": 16, "24": 24}.get(bits, bits) if isinstance(bits, str) else bits


@node("audio.load", lane="io", code=2, origin="captured")
def load_audio(
    ctx: Context,
    file: File,
    *,
    track: Annotated[int | None, Field(ge=1, le=1000)] = None,
    language: Annotated[str, Field(max_length=40)] = "",
) -> Audio:
    """Load audio from a file, or the audio of a video.

    Args:
        file: Audio or video file to read: WAV, FLAC, AIFF, OGG, MP3, M4A, Opus, MP4, MKV or another format that Studio
            reads.
        track: Number of the audio track in the file, from 1; null takes the track marked as default.
        language: Language of the audio track, such as "eng" or "en", instead of its number; "" takes any.

    Raises:
        MediaError: E511 if the file contains no audio or not the track or language, it is broken, or it is over the
            limits.
    """
    from studio.api import AudioType, MediaLimits

    audio = AudioType().read_tracks(file.path, MediaLimits(), track=track, language=language)
    for doubt in AudioType().find_doubts(file.path, MediaLimits()):
        ctx.log(doubt)
    return audio


@node(
    "audio.save",
    cache="never",
    lane="io",
    check=check_inputs(checks.check_audio_name, checks.check_bits, checks.check_cover),
    version="2.0",
    migrations={1: Migration(inputs={"kilobits": "bitrate"}, outputs={"text": "path"}, values={"bits": _to_bits})},
)
def save_audio(
    ctx: Context,
    audio: Audio,
    path: OutputPath,
    *,
    bits: Literal["auto", 16, 24, "float"] = "auto",
    bitrate: Annotated[int | None, Field(ge=16, le=512, unit="kbit/s")] = None,
    title: Tag = "",
    artist: Tag = "",
    album: Tag = "",
    copyright: Tag = "",
    cover: Annotated[Image | None, Added] = None,
) -> Saved:
    """Save audio to a file beside the graph's outputs; the extension chooses the format.

    A graph's own outputs are written without this node. The file is written completely or not at all.

    Args:
        audio: Audio to write.
        path: Path of the file, relative to the run's output folder: .flac, .wav, .ogg, .mp3, .m4a (AAC) or .opus.
        bits: Sample format of WAV and FLAC: 16, 24 or float (only WAV); "auto" for the format of the graph's outputs.
        bitrate: Bit rate of MP3, AAC and Opus, for all channels together; null for 256 for MP3, and 128 (AAC) or 96
            (Opus) for each channel.
        title: Name of the recording, in the tags that players show; empty for none.
        artist: Who made it; empty for none.
        album: Name of the album or the podcast; empty for none.
        copyright: Who holds the rights; empty for none.
        cover: Front cover, for .mp3, .m4a and .flac; null for none.

    Raises:
        MediaError: E512 if the format cannot hold the audio, or the file cannot be written.
    """
    from studio.api.audio_tags import AudioTags
    from studio_audio.save import save

    checks.check_audio_name(path.name)
    checks.check_bits(bits, path.name)
    checks.check_cover(path.name, cover, bits)
    save(audio, path, bits, bitrate, ctx.log, AudioTags(title, artist, album, copyright, cover))
    return Saved(path.name)


@node("audio.from_video", lane="io", origin="unchanged")
def take_video_audio(ctx: Context, video: Video) -> Audio:
    """Extract the audio of a video; it starts with the video.

    Args:
        video: Video with the audio to extract.

    Raises:
        MediaError: E645 if the video has none.
    """
    if video.audio is None:
        raise MediaError("E645", "the video has no audio", hint="choose another, or make audio with audio.silence")
    return video.audio


@node("audio.info", version="2.0", migrations={1: Migration(outputs={"rate": "sample_rate"})})
def describe_audio(ctx: Context, audio: Audio) -> Facts:
    """Return the length, sample rate, channels, loudness and peaks of audio.

    Args:
        audio: Audio to measure.
    """
    import numpy as np

    from studio_audio.levels import count_clipped, find_offset
    from studio_audio.loudness import find_true_peak, integrate, measure_stream, spread

    ctx.step(0, 3)
    power = measure_stream(audio.blocks(), audio.frames, audio.rate)
    loudness = max(integrate(*power), -120.0)
    ctx.step(1, 3)
    peak = find_true_peak(audio.blocks())
    ctx.step(2, 3)
    facts = {
        "seconds": audio.duration,
        "frames": audio.frames,
        "rate": audio.rate,
        "channels": audio.channels,
        "loudness": loudness,
        "loudness_range": spread(power[0]),
        "true_peak": 20 * float(np.log10(peak)) if peak > 0 else None,
        "clipped": count_clipped(audio),
        "offset": find_offset(audio),
    }
    return Facts(audio.duration, audio.rate, audio.channels, loudness, facts)


@node(
    "audio.tone",
    check=check_inputs(checks.check_start_frequency, checks.check_end_frequency, checks.check_made_whole),
    version="2.0",
    migrations={1: Migration(inputs={"rate": "sample_rate", "gain": "level"})},
    origin="algorithmic",
)
def make_tone(
    ctx: Context,
    *,
    frequency: Annotated[float, Field(gt=0, le=384_000, unit="hertz")] = 440.0,
    end_frequency: Annotated[float | None, Field(gt=0, le=384_000, unit="hertz")] = None,
    seconds: Seconds = 1.0,
    shape: Literal["sine", "square", "triangle", "sawtooth"] = "sine",
    level: Decibels = -12.0,
    sample_rate: Rate = 44_100,
    channels: Count = 1,
) -> Audio:
    """Make a tone, steady or gliding, without aliasing.

    Args:
        frequency: Frequency at the start; must be below half the sample rate.
        end_frequency: Frequency at the end; the pitch glides evenly. Null for a steady tone.
        seconds: Length of the audio.
        shape: Waveform of the tone.
        level: Amplitude relative to full scale.
        sample_rate: Sample rate of the audio.
        channels: Number of channels; all are equal.

    Raises:
        MediaError: E640 over the limits, E641 for a frequency of half the rate or more.
    """
    import numpy as np

    from studio_audio.bounds import check_frequency, check_whole
    from studio_audio.generate import create_tone

    frames = round(seconds * sample_rate)
    check_whole(frames, channels, sample_rate)
    start = check_frequency(frequency, sample_rate)
    end = start if end_frequency is None else check_frequency(end_frequency, sample_rate)
    ctx.step(0, 1)
    wave = create_tone(frames, sample_rate, start, end, shape) * np.float32(10 ** (level / 20))
    return Audio(np.repeat(wave[:, None], channels, axis=1), sample_rate)


@node(
    "audio.noise",
    check=check_inputs(checks.check_made_whole),
    version="2.0",
    migrations={1: Migration(inputs={"rate": "sample_rate", "gain": "level", "color": "kind"})},
    origin="algorithmic",
)
def make_noise(
    ctx: Context,
    *,
    kind: Literal["white", "pink", "brown"] = "pink",
    seconds: Seconds = 1.0,
    level: Decibels = -24.0,
    sample_rate: Rate = 44_100,
    channels: Count = 1,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> Audio:
    """Make noise; each channel is different.

    Args:
        kind: Color of the noise: "white" has the same power at all frequencies, "pink" falls by 3 dB per octave,
            "brown" by 6 dB.
        seconds: Length of the audio.
        level: RMS level relative to full scale.
        sample_rate: Sample rate of the audio.
        channels: Number of channels.
        seed: Seed of the noise; another seed gives different noise.

    Raises:
        MediaError: E640 over the limits.
    """
    import numpy as np

    from studio_audio.bounds import check_whole
    from studio_audio.generate import create_noise

    frames = round(seconds * sample_rate)
    check_whole(frames, channels, sample_rate)
    ctx.step(0, 1)
    return Audio(create_noise(frames, channels, ctx.rng(seed), kind) * np.float32(10 ** (level / 20)), sample_rate)


@node(
    "audio.silence",
    check=check_inputs(checks.check_made),
    version="2.0",
    migrations={1: Migration(inputs={"rate": "sample_rate"})},
    origin="algorithmic",
)
def make_silence(ctx: Context, *, seconds: Seconds = 1.0, sample_rate: Rate = 44_100, channels: Count = 1) -> Audio:
    """Make silence.

    Args:
        seconds: Length of the audio.
        sample_rate: Sample rate of the audio.
        channels: Number of channels.

    Raises:
        MediaError: E640 over the limits.
    """
    from studio_audio.bounds import check_length
    from studio_audio.join import create_silence

    frames = round(seconds * sample_rate)
    check_length(frames, channels, sample_rate)
    return Audio.from_blocks(
        lambda: create_silence(frames, channels), rate=sample_rate, channels=channels, frames=frames
    )
