"""Subtitles."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from studio.api import Context, Field, Grammar, JsonValue, OutputPath, check_inputs, node
from studio_speech.marks import parse_marks
from studio_speech.save import check_subtitles_name

MarksJson = Annotated[JsonValue, Grammar("marks", parse_marks)]
Columns = Annotated[int, Field(ge=8, le=120, unit="columns")]
Lines = Annotated[int, Field(ge=1, le=4)]
Seconds = Annotated[float, Field(ge=0.1, le=60, unit="seconds")]


class Subtitles(NamedTuple):
    """Subtitles as text.

    Attributes:
        srt: SubRip.
        vtt: WebVTT (W3C).
    """

    srt: str
    vtt: str


@node("speech.subtitles")
def make_subtitles(
    ctx: Context,
    marks: MarksJson,
    *,
    line_width: Columns = 42,
    lines: Lines = 2,
    shortest: Seconds = 1.0,
    longest: Seconds = 7.0,
    gap: Annotated[float, Field(ge=0, le=1, unit="seconds")] = 0.04,
) -> Subtitles:
    """Make subtitles from marks, as SubRip and as WebVTT text.

    A subtitle never holds words of two sentences; a long sentence is cut at punctuation where that is near the end of
    what fits. Lines are of even width. No subtitle overlaps another.

    Args:
        marks: The marks of speech.say or speech.to_text.
        line_width: Most columns of a line; a wide character, such as a Chinese one, takes two.
        lines: Most lines of a subtitle.
        shortest: Least time that a subtitle stands, where the next leaves room.
        longest: Most time of the words in a subtitle.
        gap: Least time between two subtitles.
    """
    from studio_speech.subtitles import Layout, make_cues, write_srt, write_vtt

    cues = make_cues(parse_marks(marks), Layout(line_width, lines, shortest, max(longest, shortest), gap))
    return Subtitles(write_srt(cues), write_vtt(cues))


@node("speech.save_subtitles", cache="never", lane="io", check=check_inputs(check_subtitles_name))
def save_subtitles(
    ctx: Context,
    marks: MarksJson,
    path: OutputPath,
    *,
    line_width: Columns = 42,
    lines: Lines = 2,
    shortest: Seconds = 1.0,
    longest: Seconds = 7.0,
    gap: Annotated[float, Field(ge=0, le=1, unit="seconds")] = 0.04,
) -> str:
    """Save subtitles to a file beside the graph's outputs: .srt (SubRip) or .vtt (WebVTT), in UTF-8.

    A text that a graph puts out is written as .txt; players want these names. The file appears complete or not at all.

    Args:
        marks: The marks of speech.say or speech.to_text.
        path: Where, relative to the run's output folder; ends in .srt or .vtt.
        line_width: Most columns of a line; a wide character, such as a Chinese one, takes two.
        lines: Most lines of a subtitle.
        shortest: Least time that a subtitle stands, where the next leaves room.
        longest: Most time of the words in a subtitle.
        gap: Least time between two subtitles.
    """
    from studio_speech.save import save_text

    check_subtitles_name(path.name)
    srt, vtt = make_subtitles(
        ctx, marks, line_width=line_width, lines=lines, shortest=shortest, longest=longest, gap=gap
    )
    save_text({".srt": srt, ".vtt": vtt}, path.path, path.name)
    return path.name
