"""A sentence cut into scenes."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from studio.api import Context, Field, JsonValue, check_inputs, node
from studio_text import storyboard as boards

Short = Annotated[str, Field(max_length=2000)]


class Storyboard(NamedTuple):
    """The shots of a video.

    Attributes:
        prompts: What to draw in each shot.
        captions: What is said in each shot: its scene as a sentence.
        shots: JSON list with {"number", "scene", "prompt", "caption"} for each shot; numbers begin at 1.
    """

    prompts: list[str]
    captions: list[str]
    shots: JsonValue


@node("text.storyboard", check=check_inputs(boards.split_scenes, boards.check_templates))
def write_storyboard(
    ctx: Context,
    sentence: Annotated[str, Field(max_length=20_000)],
    *,
    templates: Annotated[list[str], Field(min_length=1, max_length=100)] = boards.TEMPLATES,
    shots: Annotated[int | None, Field(ge=1, le=boards.MOST_SHOTS)] = None,
    subject: Short = "",
    style: Short = "",
    separator: Annotated[str, Field(max_length=20)] = "",
) -> Storyboard:
    """Write prompts and captions of a video from a sentence, by rules and without a model.

    The sentence is split into scenes at punctuation and at words such as "then" and "while"; a plain "and" does not
    split. "A fox wakes up, then it finds an apple" has two scenes. The templates are filled in turn, one for each shot.

    Args:
        sentence: What the video shows, in one sentence or several, at most 200 scenes. Words that split are English,
            punctuation is that of any language.
        templates: How shots are worded: {scene} is the scene, {sentence} all of it, {subject} and {number} the subject
            and the number of the shot; {{ and }} write braces.
        shots: Number of shots; null for one of each scene. More are spread over the scenes, which then repeat their
            caption; with fewer, neighboring scenes share a shot.
        subject: Who or what it is about, such as "a red fox": it takes the place of "he", "she", "it" or "they" at the
            beginning of a scene. Empty to leave these words.
        style: Text after each prompt, such as "watercolor"; empty for none.
        separator: Text that splits scenes, such as "|", in place of punctuation and words.
    """
    written = boards.write_shots(sentence, templates, shots, subject, style, separator)
    if not subject and (vague := boards.find_pronoun(sentence, separator)):
        ctx.log(f"a scene begins with {vague!r}, which says nothing to a model: give a 'subject'")
    records: JsonValue = [
        {"number": number, "scene": shot.scene, "prompt": shot.prompt, "caption": shot.caption}
        for number, shot in enumerate(written, 1)
    ]
    return Storyboard([shot.prompt for shot in written], [shot.caption for shot in written], records)
