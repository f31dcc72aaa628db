"""Audio written down, and audio turned into the movement of a mouth."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from studio.api import Audio, Context, Field, JsonValue, Migration, Model, ModelKinds, node


class Heard(NamedTuple):
    """What is said in audio.

    Attributes:
        text: What is said, sentence after sentence; empty where nothing is.
        marks: When, in the form that speech.say gives. "estimated" is true where the model gives the times of segments
            alone (Whisper); the words are then spread over them by their length.
    """

    text: str
    marks: JsonValue


class Lips(NamedTuple):
    """How far a mouth is open.

    Attributes:
        curve: JSON: a number for each frame, 0 to 1.
    """

    curve: JsonValue


@node(
    "speech.to_text",
    lane="device",
    version="2.0",
    migrations={1: Migration(inputs={"translate": "translate_to_english"})},
)
def write_down(
    ctx: Context,
    audio: Audio,
    model: Annotated[Model, ModelKinds("listener")],
    *,
    language: Annotated[str, Field(max_length=40)] = "",
    translate_to_english: bool = False,
) -> Heard:
    """Write down what is said, with a network: Whisper, wav2vec 2.0 and other CTC models, Moonshine, Speech2Text.

    Long audio is cut at quiet places into pieces of at most 28 s. Pieces quieter than -60 dBFS are passed over.

    Args:
        audio: Audio with speech, of any length, rate and number of channels.
        model: Weights that listen, a folder of transformers.
        language: Language that is spoken, such as "de" or "german"; empty lets Whisper find out. Other models know one.
        translate_to_english: Whisper only: write in English, whatever is spoken.
    """
    from studio_speech.marks import write_marks
    from studio_speech.recognizer import Request, check_recognizer, recognize

    with ctx.open(model) as opened:
        recognizer = check_recognizer(opened, model.reference)
        marks = recognize(audio, recognizer, Request(language.strip().lower(), translate_to_english), ctx.step)
    return Heard(" ".join(each.text for each in marks.sentences), write_marks(marks))


@node("speech.lip_curve", version="2.0", migrations={1: Migration(outputs={"json": "curve"})})
def trace_lips(
    ctx: Context,
    audio: Audio,
    *,
    fps: Annotated[float, Field(ge=1, le=240, unit="frames per second")] = 25.0,
    attack: Annotated[float, Field(ge=0, le=2, unit="seconds")] = 0.03,
    release: Annotated[float, Field(ge=0, le=2, unit="seconds")] = 0.08,
    floor: Annotated[float, Field(ge=6, le=60, unit="dB")] = 30.0,
) -> Lips:
    """Measure how far a mouth is open in each frame, from the loudness of a voice: a list of numbers, 0 to 1.

    Openings are relative to the loud passages of this audio, so its level does not matter. Silence gives zeros.

    Args:
        audio: A voice without music.
        fps: Frame rate of the video; the list has one number a frame, the last frame may be cut short.
        attack: Time in which the mouth opens by 63 %; 0 at once.
        release: Time in which it shuts by 63 %; 0 at once.
        floor: Level below the loud passages at which the mouth is shut.
    """
    from studio_speech.lip_curve import find_openings

    ctx.step(0, 1)
    return Lips([round(float(each), 4) for each in find_openings(audio, fps, attack, release, floor)])
