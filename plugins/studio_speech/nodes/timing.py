"""Subtitles."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from studio.api import Context, Field, Migration, OutputPath, check_inputs, node
from studio_speech.marks import MarksJson, parse_marks
from studio_speech.save import check_subtitles_name

Columns = Annotated[int, Field(ge=8, le=120, unit="columns")]
Lines = Annotated[int, Field(ge=1, le=4)]
Seconds = Annotated[float, Field(ge=0.1, le=60, unit="seconds")]


class Subtitles(NamedTuple):
    """Subtitles as text.

    Attributes:
        srt: Subtitles as SubRip text.
        vtt: Subtitles as WebVTT text (W3C).
    """

    srt: str
    vtt: str


class Saved(NamedTuple):
    """A file that was written.

    Attributes:
        path: Path of the file, relative to the run's output folder.
    """

    path: str


_RENAMED = {
    "line_width": "max_columns",
    "lines": "max_lines",
    "shortest": "min_seconds",
    "longest": "max_seconds",
}


@node(
    "speech.subtitles",
    version="2.0",
    code=2,
    migrations={1: Migration(inputs=_RENAMED)},
)
def make_subtitles(
    ctx: Context,
    marks: MarksJson,
    *,
    max_columns: Columns = 42,
    max_lines: Lines = 2,
    min_seconds: Seconds = 1.0,
    max_seconds: Seconds = 7.0,
    gap: Annotated[float, Field(ge=0, le=1, unit="seconds")] = 0.04,
) -> Subtitles:
    """Make subtitles from marks, as SubRip and WebVTT text.

    A subtitle never contains words of two sentences. A long sentence is split, at punctuation if possible. Lines have
    similar lengths. Subtitles do not overlap, whatever the times of the marks are.

    Args:
        marks: Times of the words, from speech.say or speech.to_text.
        max_columns: Longest line; a wide character, such as a Chinese one, counts as two.
        max_lines: Largest number of lines in a subtitle.
        min_seconds: Shortest time that a subtitle is shown, if the next one leaves time for it.
        max_seconds: Longest time that a subtitle is shown; a longer word disappears before it ends.
        gap: Shortest time between two subtitles.
    """
    from studio_speech.subtitles import Layout, make_cues, write_srt, write_vtt

    cues = make_cues(
        parse_marks(marks), Layout(max_columns, max_lines, min_seconds, max(max_seconds, min_seconds), gap)
    )
    return Subtitles(write_srt(cues), write_vtt(cues))


@node(
    "speech.save_subtitles",
    cache="never",
    lane="io",
    check=check_inputs(check_subtitles_name),
    version="2.0",
    migrations={1: Migration(inputs=_RENAMED, outputs={"text": "path"})},
)
def save_subtitles(
    ctx: Context,
    marks: MarksJson,
    path: OutputPath,
    *,
    max_columns: Columns = 42,
    max_lines: Lines = 2,
    min_seconds: Seconds = 1.0,
    max_seconds: Seconds = 7.0,
    gap: Annotated[float, Field(ge=0, le=1, unit="seconds")] = 0.04,
) -> Saved:
    """Save subtitles to a file beside the graph's outputs: .srt (SubRip) or .vtt (WebVTT), in UTF-8.

    A text output of a graph is written as .txt; players need .srt or .vtt. The file is written completely or not at
    all.

    Args:
        marks: Times of the words, from speech.say or speech.to_text.
        path: Path of the file, relative to the run's output folder; ends in .srt or .vtt.
        max_columns: Longest line; a wide character, such as a Chinese one, counts as two.
        max_lines: Largest number of lines in a subtitle.
        min_seconds: Shortest time that a subtitle is shown, if the next one leaves time for it.
        max_seconds: Longest time that a subtitle is shown; a longer word disappears before it ends.
        gap: Shortest time between two subtitles.
    """
    from studio_speech.save import save_text

    check_subtitles_name(path.name)
    srt, vtt = make_subtitles(
        ctx,
        marks,
        max_columns=max_columns,
        max_lines=max_lines,
        min_seconds=min_seconds,
        max_seconds=max_seconds,
        gap=gap,
    )
    save_text({".srt": srt, ".vtt": vtt}, path.path, path.name)
    return Saved(path.name)
