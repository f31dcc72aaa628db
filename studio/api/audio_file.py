"""How sounds are stored, and read from and written to files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.api import av_file
from studio.api.audio import Audio
from studio.api.formats import riff
from studio.api.media_file import GENERATOR, MARK, encode_text, open_media, refuse, refuse_writing
from studio.api.value_type import Packed, ValueType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from studio.settings import MediaLimits

_SNDFILE = (b"RIFF", b"RF64", b"fLaC", b"FORM", b".snd", b"caff", b"riff", b"OggS")
_MP3_RATES = (32_000, 44_100, 48_000)  # below these MP3 has no bit rate at which LAME keeps the level


class AudioType(ValueType[Audio]):
    """Sounds: stored as their samples; read from WAV, FLAC, AIFF, OGG, MP3, M4A, Opus and the sound of a film.

    **Read.** The content decides the format, not the name. Length, channels and rate are checked from the header,
    and again while decoding. WAV, FLAC, AIFF and OGG come through libsndfile, the first three bit for bit up to 24
    bits; WAV and FLAC files that end early are refused. Others come through FFmpeg; of a file that ends early, what is
    there is read.

    **Written.** FLAC has 16 bits where all samples are whole 16-bit numbers, 24 otherwise. WAV holds float32, exactly.
    OGG is Vorbis, MP3 has 256 kbit/s (at 32, 44.1 or 48 kHz, the next above). Samples beyond [-1, 1] are clipped
    everywhere but in WAV.
    The provenance goes into the comments of FLAC and OGG, the INFO chunk of WAV and the ID3 tag of MP3. FLAC, WAV
    and MP3 files of equal sounds have equal bytes; OGG streams carry a random serial number.
    """

    name = "audio"
    python = Audio
    extensions = ("flac", "wav", "ogg", "mp3")

    def pack(self, value: Audio) -> Packed:
        """Take a sound apart: int16 samples where that is exact, float32 otherwise."""
        small = _find_int16(value)
        return Packed({"rate": value.rate}, {"samples": value.samples + 0.0 if small is None else small})

    def unpack(self, packed: Packed) -> Audio:
        """Put a sound together again."""
        return Audio(packed.arrays["samples"], packed.header["rate"])

    def describe(self, value: Audio) -> str:
        """Say length, channels and rate, e.g. "2.5 s stereo, 44100 Hz"."""
        kind = {1: "mono", 2: "stereo"}.get(value.channels, f"{value.channels} channels")
        return f"{value.duration:.4g} s {kind}, {value.rate} Hz"

    def byte_size(self, value: Audio) -> int:
        """Return the memory that a sound holds, in bytes."""
        return value.byte_size + 256

    def read_file(self, path: Path, limits: MediaLimits) -> Audio:
        """Read a sound; MediaError E511 if there is none, if it is broken or over a limit."""
        with open_media(path, limits) as file:
            head = file.read(26)
        if head[:4] in _SNDFILE and not _is_empty_flac(head):
            audio = _read_sndfile(path, limits, head[:4])
            if audio is not None:
                return audio
        sound = av_file.decode_sound(path, limits)
        if sound is None:
            raise refuse(path, "there is no sound in this file", hint="name a file with sound")
        return sound

    def write_file(self, value: Audio, path: Path, provenance: str | None) -> None:
        """Write a sound with its provenance; MediaError E512 if that cannot be."""
        writer = _WRITERS.get(path.suffix.lower().lstrip("."))
        if writer is None:
            raise refuse_writing(
                path,
                f"a sound is not written as {path.suffix or 'a file without extension'!r}",
                hint=f"use one of: {', '.join(self.extensions)}",
            )
        try:
            writer(value, path, provenance)
        except (OSError, ValueError, RuntimeError, AssertionError, LookupError) as error:  # FFmpeg's and libsndfile's
            path.unlink(missing_ok=True)
            found = f"{self.describe(value)}: {av_file.describe_error(error)}"
            raise refuse_writing(
                path, f"cannot write the sound, {found}", hint="wav holds any sound; see that the disk is not full"
            ) from None

    def read_provenance(self, path: Path) -> str | None:
        """Return the provenance that a file carries, or None."""
        from studio.settings import MediaLimits

        with open_media(path, MediaLimits()) as file:
            try:
                for _, content in riff.iterate_chunks(file, b"WAVE", frozenset({b"LIST"})):
                    at = content.find(b"ICMT")
                    text = content[at + 8 : at + 8 + int.from_bytes(content[at + 4 : at + 8], "little")].rstrip(b"\0")
                    if content[:4] == b"INFO" and at > 0 and text.startswith(MARK.encode()):
                        return text[len(MARK) :].decode("utf-8")
                return None
            except UnicodeDecodeError:
                return None
            except ValueError:  # not WAV
                pass
        return av_file.read_av_provenance(path)


def _is_empty_flac(head: bytes) -> bool:
    """Say whether a FLAC header speaks of no samples, at which libsndfile fails."""
    return head[:4] == b"fLaC" and int.from_bytes(head[18:26], "big") & (2**36 - 1) == 0


def _find_int16(value: Audio) -> Any:
    import numpy as np

    probe = value.samples[:4096] * np.float32(32768.0)
    if not np.array_equal(np.rint(probe), probe):
        return None
    scaled = value.samples * np.float32(32768.0)
    whole = np.rint(scaled)
    if not np.array_equal(whole, scaled) or (len(whole) and (whole.min() < -32768 or whole.max() > 32767)):
        return None
    return whole.astype(np.int16)


def _read_sndfile(path: Path, limits: MediaLimits, head: bytes) -> Audio | None:
    """Read what libsndfile reads; None where FFmpeg should try."""
    import numpy as np
    import soundfile

    with open_media(path, limits) as file:
        if head == b"RIFF" and riff.is_cut_off(file, b"data"):
            raise refuse(path, "the file ends before its sound does", hint="copy or make it again")
        file.seek(0)
        try:
            with soundfile.SoundFile(file.fileno(), closefd=False) as sound:
                rate, channels = sound.samplerate, sound.channels
                known = sound.frames if 0 < sound.frames < 2**62 else 0
                av_file.check_sound(path, known, channels, rate, limits)
                parts, total = [np.zeros((0, channels), np.float32)], 0
                while len(block := sound.read(av_file.BLOCK, dtype="float32", always_2d=True)):
                    total += len(block)
                    av_file.check_sound(path, total, channels, rate, limits)
                    parts.append(block)
        except (soundfile.SoundFileError, RuntimeError, ValueError) as error:
            if head == b"fLaC":
                raise refuse(path, f"the sound is broken or cut off: {error}", hint="copy or make it again") from None
            return None
        if head == b"OggS" and not total:
            raise refuse(path, "no sound can be decoded from the file", hint="copy or make it again")
        if head == b"fLaC" and total < known:
            raise refuse(path, f"the file ends after {total} of {known} samples", hint="copy or make it again")
    return av_file.create_audio(path, np.concatenate(parts), rate)


def _write_flac(value: Audio, path: Path, provenance: str | None) -> None:
    import numpy as np

    deep = _find_int16(value) is None

    def create_blocks() -> Iterator[Any]:
        for block in value.blocks(av_file.BLOCK):
            top = 2.0**23 if deep else 2.0**15
            whole = np.clip(np.rint(block.astype(np.float64) * top), -top, top - 1)
            yield (whole * 256).astype(np.int32) if deep else whole.astype(np.int16)

    _encode(value, path, "flac", "s32" if deep else "s16", value.rate, create_blocks(), provenance)


def _write_mp3(value: Audio, path: Path, provenance: str | None) -> None:
    import numpy as np

    rate = next((rate for rate in _MP3_RATES if rate >= value.rate), _MP3_RATES[-1])
    blocks = (np.clip(block, -1.0, 1.0) for block in value.blocks(av_file.BLOCK))
    _encode(value, path, "mp3", "fltp", rate, blocks, provenance)


def _encode(
    value: Audio, path: Path, kind: str, depth: str, rate: int, blocks: Iterator[Any], provenance: str | None
) -> None:
    import av
    from av.codec.context import Flags

    if kind == "mp3" and value.channels > 2:
        raise ValueError("MP3 holds one or two channels")
    with av.open(str(path), "w", format=kind, container_options={"fflags": "+bitexact"}) as container:
        stream: Any = container.add_stream(kind, rate=rate)
        stream.layout, stream.format = av_file.get_layout(value.channels), depth
        stream.codec_context.flags |= Flags.bitexact
        if kind == "mp3":
            stream.bit_rate = 256_000  # at 192 and less LAME lowers the level by 3 % and more
        container.metadata.update(av_file.build_metadata(provenance))
        start = 0
        for block in blocks:
            container.mux(stream.encode(av_file.create_sound_frame(block, start, value.rate)))
            start += len(block)
        container.mux(stream.encode(None))


def _write_ogg(value: Audio, path: Path, provenance: str | None) -> None:
    import numpy as np
    import soundfile

    with soundfile.SoundFile(path, "w", value.rate, value.channels, "VORBIS", format="OGG") as sound:
        sound.software = GENERATOR
        if provenance is not None:
            sound.comment = MARK + encode_text(provenance).decode("utf-8")
        for block in value.blocks(av_file.BLOCK):
            sound.write(np.clip(block, -1.0, 1.0))


def _write_wav(value: Audio, path: Path, provenance: str | None) -> None:
    """Write float32 (format tag 3) with the INFO chunk behind the samples."""
    import struct

    info = riff.build_chunk(b"ISFT", GENERATOR.encode() + b"\0")
    if provenance is not None:
        info += riff.build_chunk(b"ICMT", MARK.encode() + encode_text(provenance) + b"\0")
    tail = riff.build_chunk(b"LIST", b"INFO" + info)
    step, length = 4 * value.channels, 4 * value.channels * value.frames
    fmt = struct.pack("<HHIIHHH", 3, value.channels, value.rate, min(step * value.rate, 2**32 - 1), step, 32, 0)
    head = riff.build_chunk(b"fmt ", fmt) + riff.build_chunk(b"fact", struct.pack("<I", min(value.frames, 2**32 - 1)))
    total = 4 + len(head) + 8 + length + len(tail)
    if total >= 2**32:
        raise ValueError("more than 4 GiB do not fit into a WAV file: write it as flac")
    with path.open("wb") as file:
        file.write(b"RIFF" + struct.pack("<I", total) + b"WAVE" + head + b"data" + struct.pack("<I", length))
        for block in value.blocks(av_file.BLOCK):
            file.write(block.astype("<f4").tobytes())
        file.write(tail)


_WRITERS: dict[str, Callable[[Audio, Path, str | None], None]]
_WRITERS = {"flac": _write_flac, "wav": _write_wav, "ogg": _write_ogg, "mp3": _write_mp3}
