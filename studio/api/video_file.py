"""How videos are stored, and read from and written to files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.api.av_file import read_av_provenance
from studio.api.color import SRGB
from studio.api.formats import gif, png
from studio.api.image_writing import read_image_provenance
from studio.api.media_file import MARK, check_extension, open_media
from studio.api.stream_choice import StreamChoice
from studio.api.value_type import StreamType
from studio.api.video import Video
from studio.api.video_extras import find_extras
from studio.api.video_reading import ReadingOptions, read_video
from studio.api.video_storing import encode_stored, open_stored
from studio.api.video_writing import WRITERS, choose_encoding, find_losses, write_video

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import BinaryIO

    from studio.settings import MediaLimits


class VideoType(StreamType[Video]):
    """Videos: stored as FFV1 in NUT, with times in whole microseconds and the audio as float32.

    **Stored.** Frames have 8 bits where every frame is exactly 8-bit, 16 otherwise; deeper ones are rounded to 16, or
    to half floats where samples may pass 1 or fall below 0. Times, size, channels, rate, color space and audio come
    back exactly. Equal videos give equal bytes.

    **Read.** Any video that FFmpeg reads, and animated WebP, frame by frame as it is asked for, as RGB (RGBA where the
    file has alpha, VP8 and VP9 too; GIF and APNG only if one of their frames is not opaque), with 16 bits where the
    file has more than 8. Frames are turned and mirrored by the display matrix, interlaced ones are made whole, pixels
    become square, and other colors become sRGB. The first frame has time 0, and the last shows as long as in the file.
    Audio that starts earlier is cut and audio that starts later is preceded by silence, so it stays in sync; gaps in
    it are silence. It is decoded when it is first asked for. Damaged frames are skipped, as players do.

    **Written.** Files hold sRGB: a video in another color space is converted and clipped to [0, 1]. MP4, MOV and
    MKV have H.264 (4:2:0, BT.709, crf 18) and AAC, with alpha laid over white; WebM has VP9, with alpha, and Opus. An
    odd side is padded by repeating the edge; MP4 and MOV start with their index. GIF, APNG and WebP have alpha (GIF on
    or off) and no audio; GIF has one palette, whole hundredths of a second, and at most 50 frames per second. The
    provenance is in the metadata of the container, of a GIF in a comment.
    """

    name = "video"
    python = Video
    extensions = ("mp4", "mkv", "webm", "mov", "gif", "apng", "webp")
    stored_extension = "nut"
    reading_code = 3

    def describe(self, value: Video) -> str:
        """Say size, channels, rate, length if it is known, and color space unless it is sRGB."""
        kind = {1: "grey", 3: "RGB", 4: "RGBA"}[value.channels]
        length = "" if value.count is None else f", {value.duration:.4g} s"
        color = "" if value.color == SRGB else f", {value.color}"
        return f"{value.width}x{value.height} {kind}, {float(value.rate):.4g} fps{length}{color}"

    def encode(self, value: Video, path: Path) -> None:
        """Write a video for the cache; MediaError E504 if it has no frame or they differ in kind."""
        encode_stored(value, path)

    def decode(self, path: Path) -> Video:
        """Return a video that opens the stored file whenever its frames are asked for."""
        return open_stored(path)

    def find_source(self, value: Video) -> Path | None:
        """Return the stored file that a video is a plain view of, or None."""
        return value.source

    def find_origin(self, value: Video) -> Path | None:
        """Return the user's file that a video is a plain view of, or None."""
        return value.origin

    def read_file(self, path: Path, limits: MediaLimits) -> Video:
        """Open a video; MediaError E511 if its first frame cannot be decoded or it is over a limit."""
        return read_video(path, limits)

    def read_tracks(
        self,
        path: Path,
        limits: MediaLimits,
        *,
        video_track: int | None = None,
        audio_track: int | None = None,
        language: str = "",
        deinterlace: bool = True,
        keep_range: bool = False,
    ) -> Video:
        """Open a video with other tracks than players show first.

        Args:
            path: The file.
            limits: Bounds for the file.
            video_track: Number of the video among those of the file, from 1; None for the default.
            audio_track: Number of the audio likewise.
            language: Language of the audio, such as "eng" or "en"; "" for any.
            deinterlace: Whether interlaced frames are made whole.
            keep_range: Whether PQ and HLG stay what they are, instead of becoming sRGB.

        Raises:
            MediaError: E511 if the file lacks what is asked for, or cannot be read.
        """
        choice = StreamChoice(video_track, audio_track, language)
        return read_video(path, limits, ReadingOptions(choice, deinterlace, keep_range))

    def find_doubts(self, path: Path, limits: MediaLimits) -> Sequence[str]:
        """Say that a video is truncated or damaged, that its header is wrong, and what is converted."""
        from studio.api.video_probing import find_conversions, find_damage, probe_file

        facts = probe_file(path, limits)
        return [*find_damage(facts), *find_conversions(facts), *find_extras(path, limits)]

    def write_file(self, value: Video, path: Path, provenance: str | None) -> None:
        """Write a video with its provenance; MediaError E504 for an invalid stream, E512 if writing fails."""
        check_extension(path, WRITERS, "video")
        write_video(value, path, provenance)

    def write_deep_file(self, value: Video, path: Path, provenance: str | None) -> str:
        """Write a video as `write_file` does, and say that its frames of more than 8 bits got 8.

        A video of 8 bits that a node computed with has 16 in the cache, and its samples do not tell it from one that
        was recorded so: the files it comes from do.
        """
        check_extension(path, WRITERS, "video")
        if not write_video(value, path, provenance):
            return ""
        pixels = choose_encoding(path, value.channels).pixels
        return f"16 bits became 8 in {pixels}: use video.save with a deep pixel_format to keep 10"

    def find_loss(self, value: Video, path: Path) -> str:
        """Say that an odd side gets a row or column more, that audio is left out or clipped, and color converted."""
        if path.suffix.lower().lstrip(".") not in WRITERS:
            return ""
        return "; ".join(find_losses(value, path, choose_encoding(path, value.channels)))

    def read_provenance(self, path: Path) -> str | None:
        """Return the provenance that a file carries, or None."""
        from studio.settings import MediaLimits

        with open_media(path, MediaLimits()) as file:
            head = file.read(12)
            if head.startswith(b"GIF8"):
                return _find_gif_provenance(file)
        is_image = head.startswith(png.SIGNATURE) or (head[:4] == b"RIFF" and head[8:] == b"WEBP")
        return read_image_provenance(path) if is_image else read_av_provenance(path)


def _find_gif_provenance(file: BinaryIO) -> str | None:
    try:
        found = [text for text in gif.find_comments(file) if text.startswith(MARK.encode())]
        return found[0][len(MARK) :].decode("utf-8") if found else None
    except ValueError:
        return None
