"""How audio is stored, and read from and written to files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.api import av_file
from studio.api.audio import Audio, open_stored_audio
from studio.api.audio_extras import find_audio_extras
from studio.api.audio_reading import find_doubts, read_audio
from studio.api.audio_stored import find_int16, write_stored
from studio.api.audio_writing import EXTENSIONS, find_audio_loss, write_audio
from studio.api.formats import riff
from studio.api.media_file import MARK, check_extension, open_media, refuse_writing
from studio.api.stream_choice import StreamChoice
from studio.api.value_type import Packed, StreamType
from studio.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from studio.settings import MediaLimits


class AudioType(StreamType[Audio]):
    """Audio: read from WAV, FLAC, AIFF, OGG, MP3, M4A, Opus and the audio of a video.

    **Stored.** Short audio as its samples, long audio as an AU file: 16-bit numbers where that is exact, else float32.

    **Read.** The content decides the format, not the name. Length, channels and rate are checked in the header,
    and again while decoding. libsndfile reads WAV, FLAC, AIFF and OGG, the first three bit for bit up to 24 bits, and
    FFmpeg the others and what libsndfile does not finish. All streams of a chain are read. Of a truncated file and of
    one with a wrong header what is there is read, and that is warned of.

    **Written.** FLAC has 16 bits where all samples are whole 16-bit numbers, 24 otherwise. WAV holds float32, exactly.
    OGG is Vorbis; MP3 has 256 kbit/s (at 32, 44.1 or 48 kHz, the next above), M4A is AAC with 128 a channel, Opus has
    96 a channel (at 48 kHz). Samples beyond [-1, 1] are clipped everywhere but in WAV, with a warning.
    The provenance goes into the comments of FLAC, OGG and Opus, the INFO chunk of WAV, the ID3 tag of MP3 and the tags
    of M4A. Equal audio gives equal bytes; only OGG streams carry a random serial number.

    Long audio (`Audio.is_long`) is read, stored and written block by block. Equal audio has one digest, however it
    was made.
    """

    name = "audio"
    reading_code = 2
    python = Audio
    extensions = EXTENSIONS
    stored_extension = "au"

    def is_held(self, value: Audio) -> bool:
        """Return whether the audio is short."""
        return not value.is_long

    def encode(self, value: Audio, path: Path) -> None:
        """Write long audio without loss."""
        write_stored(value.blocks(), path, rate=value.rate, channels=value.channels)

    def decode(self, path: Path) -> Audio:
        """Return audio that opens the stored file whenever it is read."""
        return open_stored_audio(path)

    def find_source(self, value: Audio) -> Path | None:
        """Return the stored file that the audio is a plain view of, or None."""
        return value.source

    def pack(self, value: Audio) -> Packed:
        """Take audio apart: int16 samples where that is exact, float32 otherwise."""
        samples = value.samples
        small = find_int16(samples)
        return Packed({"rate": value.rate}, {"samples": samples + samples.dtype.type(0) if small is None else small})

    def unpack(self, packed: Packed) -> Audio:
        """Put audio together again."""
        return Audio(packed.arrays["samples"], packed.header["rate"])

    def describe(self, value: Audio) -> str:
        """Say length, channels and rate, e.g. "2.5 s stereo, 44100 Hz"."""
        kind = {1: "mono", 2: "stereo"}.get(value.channels, f"{value.channels} channels")
        length = f"{value.duration:.4g} s" if value.has_length else "long,"
        return f"{length} {kind}, {value.rate} Hz"

    def byte_size(self, value: Audio) -> int:
        """Return the memory that the audio holds, in bytes."""
        return value.byte_size + 256

    def read_file(self, path: Path, limits: MediaLimits) -> Audio:
        """Read audio; MediaError E511 if the file has none, is damaged or is over a limit."""
        return read_audio(path, limits)

    def read_tracks(self, path: Path, limits: MediaLimits, *, track: int | None = None, language: str = "") -> Audio:
        """Read another audio of a file than players take first.

        Args:
            path: The file.
            limits: Bounds for the file.
            track: Number of the audio among that of the file, from 1; None for the default.
            language: Language of the audio, such as "eng" or "en"; "" for any.

        Raises:
            MediaError: E511 if the file lacks what is asked for, or cannot be read.
        """
        return read_audio(path, limits, StreamChoice(audio_track=track, language=language))

    def find_doubts(self, path: Path, limits: MediaLimits) -> Sequence[str]:
        """Say that a file is truncated or a chain of streams, that its header is wrong, and which tags are left out."""
        return [*find_doubts(path, limits), *find_audio_extras(path, limits)]

    def write_file(self, value: Audio, path: Path, provenance: str | None) -> None:
        """Write audio with its provenance; MediaError E512 if that fails."""
        check_extension(path, self.extensions, "audio")
        try:
            write_audio(value, path, provenance)
        except MediaError:
            path.unlink(missing_ok=True)
            raise
        except (OSError, ValueError, RuntimeError, AssertionError, LookupError) as error:  # FFmpeg's and libsndfile's
            found = f"{self.describe(value)}: {av_file.describe_error(error)}"
            hint = "wav supports any audio; see that the disk is not full"
            refused = refuse_writing(path, f"cannot write the audio, {found}", hint=hint, error=error)
            path.unlink(missing_ok=True)
            raise refused from None

    def find_loss(self, value: Audio, path: Path) -> str:
        """Say how much is clipped, and that the sample rate falls."""
        extension = path.suffix.lower().lstrip(".")
        return "; ".join(find_audio_loss(value, extension)) if extension in EXTENSIONS else ""

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
