"""Marks put into images, videos and audio, and found in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

from studio.api import Audio, Context, Field, Image, JsonValue, MediaError, Video, node
from studio_provenance.payload import Payload
from studio_provenance.settings import ProvenanceSettings

if TYPE_CHECKING:
    from studio_provenance.found_mark import FoundMark

Strength = Annotated[float, Field(ge=0.25, le=2, unit="factor")]


class MarkedImage(NamedTuple):
    """The image with its mark.

    Attributes:
        image: The marked image, of the same size, depth and color space.
        payload: The 64 bits of the mark: 16 hexadecimal digits.
    """

    image: Image
    payload: str


class MarkedVideo(NamedTuple):
    """The video with its mark.

    Attributes:
        video: The marked video.
        payload: The 64 bits of the mark: 16 hexadecimal digits.
    """

    video: Video
    payload: str


class MarkedAudio(NamedTuple):
    """The audio with its mark.

    Attributes:
        audio: The marked audio, as long as before.
        payload: The 64 bits of the mark: 16 hexadecimal digits.
    """

    audio: Audio
    payload: str


class MarkSearch(NamedTuple):
    """What a search for a mark found.

    Attributes:
        is_found: True if a mark of the key is there.
        payload: The 64 bits of the mark: 16 hexadecimal digits; empty if there is no mark, or if it cannot be read.
        evidence: JSON record: `is_found`, `payload`, `key`, `agreement`, `threshold`, `chance_of_error`, `places` and
            `sentence`.
    """

    is_found: bool
    payload: str
    evidence: JsonValue


@node("provenance.mark", cache="recompute", origin={"image": "from image"})
def mark_image(
    ctx: Context,
    image: Image,
    settings: ProvenanceSettings,
    *,
    payload: Payload | None = None,
    strength: Strength = 1.0,
) -> MarkedImage:
    """Put an invisible mark of 64 bits into an image; it survives JPEG, resizing and cropping.

    A tile of waves that the key draws is repeated over the image, under the texture (spread spectrum, Cox et al. 1997).

    Args:
        image: Image to mark, at least 128 x 128 pixels.
        payload: The 64 bits of the mark, 16 hexadecimal digits; null derives them from the image.
        strength: Factor of the mark: more is more robust and easier to see.

    Raises:
        MediaError: E651 if the image is too small, E653 if the mark cannot be read back from the result.
        StudioError: E650 for a key that is too short, E652 for an invalid payload.
    """
    from studio_provenance import image_mark
    from studio_provenance.image_search import find_in_image
    from studio_provenance.payload import choose_payload, format_payload
    from studio_provenance.settings import read_key

    key, number = read_key(settings), choose_payload(payload, image)
    ctx.step(0, 2)
    marked = image_mark.mark_image(image, key, number, strength)
    ctx.step(1, 2)
    if find_in_image(marked, key).payload != number:
        message = f"{image!r} does not hold a mark: too little of it is neither black, white nor transparent"
        raise MediaError("E653", message, hint="raise strength, enlarge the image, or sign the file instead")
    return MarkedImage(marked, format_payload(number))


@node("provenance.mark_video", cache="recompute", origin={"video": "from video", "video.audio": "from video"})
def mark_video(
    ctx: Context,
    video: Video,
    settings: ProvenanceSettings,
    *,
    payload: Payload | None = None,
    strength: Strength = 1.0,
    mark_audio: bool = True,
) -> MarkedVideo:
    """Put an invisible mark of 64 bits into the frames of a video and into its audio.

    Args:
        video: Video to mark, at least 128 x 128 pixels. It is read as a stream.
        payload: The 64 bits of the mark, 16 hexadecimal digits; null derives them from the first frame.
        strength: Factor of the mark: more is more robust and easier to see.
        mark_audio: Mark the audio too, if there is any; it then carries the same 64 bits.

    Raises:
        MediaError: E651 if the video is too small.
        StudioError: E650 for a key that is too short, E652 for an invalid payload.
    """
    from studio_provenance import audio_mark, video_mark
    from studio_provenance.payload import choose_payload, format_payload
    from studio_provenance.settings import read_key

    key, number = read_key(settings), choose_payload(payload, video)
    ctx.step(0, 1)

    def load_audio() -> Audio | None:
        audio = video.audio
        return audio_mark.mark_audio(audio, key, number) if audio is not None and mark_audio else audio

    return MarkedVideo(video_mark.mark_video(video, key, number, strength, load_audio), format_payload(number))


@node("provenance.mark_audio", cache="recompute", origin={"audio": "from audio"})
def mark_audio(
    ctx: Context,
    audio: Audio,
    settings: ProvenanceSettings,
    *,
    payload: Payload | None = None,
    strength: Strength = 1.0,
) -> MarkedAudio:
    """Put an inaudible mark of 64 bits into audio; it survives MP3, resampling and cuts.

    Waves that the key draws lie under the level of the audio around each frequency, and repeat every four seconds.

    Args:
        audio: Audio to mark, at least 2 seconds. Long audio is read as a stream.
        payload: The 64 bits of the mark, 16 hexadecimal digits; null derives them from the audio.
        strength: Factor of the mark: more is more robust and easier to hear.

    Raises:
        MediaError: E651 if the audio is too short, E653 if the mark cannot be read back from the result.
        StudioError: E650 for a key that is too short, E652 for an invalid payload.
    """
    from studio_provenance import audio_mark
    from studio_provenance.payload import choose_payload, format_payload
    from studio_provenance.settings import read_key

    audio_mark.check_duration(audio)
    key, number = read_key(settings), choose_payload(payload, audio)
    ctx.step(0, 2)
    marked = audio_mark.mark_audio(audio, key, number, strength)
    ctx.step(1, 2)
    if audio_mark.find_in_audio(marked, key).payload != number:
        message = f"{audio!r} does not hold a mark: too little of it sounds between 500 and 6,500 Hz"
        raise MediaError("E653", message, hint="raise strength, give longer audio, or sign the file instead")
    return MarkedAudio(marked, format_payload(number))


@node("provenance.find_mark", cache="recompute")
def find_image_mark(ctx: Context, image: Image, settings: ProvenanceSettings) -> MarkSearch:
    """Find the invisible mark of an image, and read its 64 bits.

    At most one of 1,000,000 images without a mark of this key counts as marked, whatever it shows.

    Args:
        image: Image to search: resized, cropped, turned by a right angle, mirrored or recompressed.

    Raises:
        StudioError: E650 for a key that is too short.
    """
    from studio_provenance.image_search import find_in_image
    from studio_provenance.settings import read_key

    ctx.step(0, 1)
    return _report(find_in_image(image, read_key(settings)), settings)


@node("provenance.find_mark_in_video", cache="recompute")
def find_video_mark(ctx: Context, video: Video, settings: ProvenanceSettings) -> MarkSearch:
    """Find the invisible mark in the frames of a video, and read its 64 bits.

    Args:
        video: Video to search. It is read as a stream.

    Raises:
        StudioError: E650 for a key that is too short.
    """
    from studio_provenance.settings import read_key
    from studio_provenance.video_mark import find_in_video

    ctx.step(0, 1)
    return _report(find_in_video(video, read_key(settings)), settings)


@node("provenance.find_mark_in_audio", cache="recompute")
def find_audio_mark(ctx: Context, audio: Audio, settings: ProvenanceSettings) -> MarkSearch:
    """Find the inaudible mark of audio, and read its 64 bits.

    Args:
        audio: Audio to search. Long audio is read as a stream.

    Raises:
        StudioError: E650 for a key that is too short.
    """
    from studio_provenance.audio_mark import find_in_audio
    from studio_provenance.settings import read_key

    ctx.step(0, 1)
    return _report(find_in_audio(audio, read_key(settings)), settings)


def _report(found: FoundMark, settings: ProvenanceSettings) -> MarkSearch:
    from studio_provenance.evidence import describe_mark
    from studio_provenance.payload import format_payload
    from studio_provenance.settings import name_key

    return MarkSearch(found.is_found, format_payload(found.payload), describe_mark(found, name_key(settings)))
