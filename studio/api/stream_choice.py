"""Which video and audio of a file are read: those that are asked for, or those that players show first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.api.media_file import refuse

if TYPE_CHECKING:
    from pathlib import Path

_LANGUAGES = (
    "ar:ara bg:bul ca:cat cs:ces,cze da:dan de:deu,ger el:ell,gre en:eng es:spa et:est eu:eus,baq fa:fas,per fi:fin "
    "fr:fra,fre he:heb hi:hin hr:hrv hu:hun hy:hye,arm id:ind is:isl,ice it:ita ja:jpn ka:kat,geo ko:kor lt:lit "
    "lv:lav mk:mkd,mac ms:msa,may nb:nob nl:nld,dut nn:nno no:nor pl:pol pt:por ro:ron,rum ru:rus sk:slk,slo sl:slv "
    "sq:sqi,alb sr:srp sv:swe th:tha tr:tur uk:ukr vi:vie zh:zho,chi"
)
"""ISO 639-1 and the codes of ISO 639-2 that mean the same."""


@dataclass(frozen=True)
class StreamChoice:
    """Which streams of a file to read.

    Without a track or a language the stream that the file marks as default is taken; among several, the video with
    the most pixels and the audio with the most channels, as FFmpeg does. An attached cover is not a video.

    Attributes:
        video_track: Number of the video among the videos of the file, from 1.
        audio_track: Number of the audio among the audio of the file, from 1.
        language: Language of the audio, such as "eng" or "en".
    """

    video_track: int | None = None
    audio_track: int | None = None
    language: str = ""


def choose_video(path: Path, container: Any, choice: StreamChoice) -> Any:
    """Return the video stream to read; MediaError E511 if there is none, or it cannot be decoded."""
    streams = list_videos(container)
    if not streams:
        raise refuse(path, "the file has no video", hint="name a video file")
    if choice.video_track is not None:
        stream = _take(path, streams, choice.video_track, "video")
    else:
        best = container.streams.best("video")  # by FFmpeg: of equal ones, one that has packets
        stream = max(streams, key=lambda each: (_is_default(each), _count_pixels(each), each is best))
    if stream.codec_context is None:
        raise refuse(path, "unsupported video codec", hint="open it in a player and save it again")
    stream.thread_type = "AUTO"
    return stream


def choose_audio(path: Path, container: Any, choice: StreamChoice) -> Any:
    """Return the audio stream to read, None if the file has none; MediaError E511 if it cannot be decoded."""
    streams = list(container.streams.audio)
    if choice.audio_track is not None:
        streams = [_take(path, streams, choice.audio_track, "audio")]
    elif choice.language:
        streams = _find_language(path, streams, choice.language)
    if not streams:
        return None
    usable = [stream for stream in streams if stream.codec_context is not None]
    if not usable:
        raise refuse(path, "unsupported audio codec", hint="save it as WAV or FLAC")
    known = [stream for stream in usable if stream.rate and stream.channels]
    if not known and choice == StreamChoice():  # the file says that there is audio, and has none
        return None
    best = container.streams.best("audio")
    return max(known or usable, key=lambda each: (_is_default(each), each.channels or 0, each is best))


def list_videos(container: Any) -> list[Any]:
    """Return the videos of a file, without attached covers and thumbnails."""
    import av

    covers = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    return [stream for stream in container.streams.video if not stream.disposition & covers]


def normalize_language(code: str) -> str:
    """Return the first code that means a language: "de" for "ger", "deu" and "DE-at"."""
    short = code.lower().replace("_", "-").split("-")[0]
    for entry in _LANGUAGES.split():
        two, _, three = entry.partition(":")
        if short == two or short in three.split(","):
            return two
    return short


def _find_language(path: Path, streams: list[Any], language: str) -> list[Any]:
    wanted = normalize_language(language)
    found = [stream for stream in streams if normalize_language(stream.language or "und") == wanted]
    if not found:
        known = ", ".join(sorted({stream.language or "und" for stream in streams})) or "none"
        raise refuse(path, f"no audio in the language {language!r}; the file has: {known}", hint="name one of these")
    return found


def _take(path: Path, streams: list[Any], number: int, noun: str) -> Any:
    if not 1 <= number <= len(streams):
        raise refuse(path, f"no {noun} track {number}; the file has {len(streams)}", hint="tracks are numbered from 1")
    return streams[number - 1]


def _is_default(stream: Any) -> bool:
    import av

    return bool(stream.disposition & av.stream.Disposition.default)


def _count_pixels(stream: Any) -> int:
    context = stream.codec_context
    return -1 if context is None else context.width * context.height
