"""Audio written down, and audio turned into the movement of a mouth."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from studio.api import Added, Audio, Context, Field, JsonValue, Migration, Model, ModelKinds, node
from studio_speech.marks import MarksJson


class Heard(NamedTuple):
    """What is said in audio.

    Attributes:
        text: Text of the speech; empty if there is none.
        marks: JSON with the times of sentences and words, in the form of speech.say. "estimated" is true if the model
            gives only the times of segments (Whisper); the times of words are then estimated from their length.
    """

    text: str
    marks: MarksJson


class Lips(NamedTuple):
    """How far a mouth is open.

    Attributes:
        curve: JSON list with a number from 0 to 1 for each frame.
    """

    curve: JsonValue


@node(
    "speech.to_text",
    lane="device",
    version="2.0",
    code=2,
    migrations={1: Migration(inputs={"translate": "translate_to_english"})},
)
def write_down(
    ctx: Context,
    audio: Audio,
    model: Annotated[Model, ModelKinds("listener")],
    *,
    language: Annotated[str, Field(max_length=40)] = "",
    translate_to_english: bool = False,
    voice_detector: Annotated[Annotated[Model, ModelKinds("voice-detector")] | None, Added] = None,
) -> Heard:
    """Transcribe speech with a network: Whisper, wav2vec 2.0 and other CTC models, Moonshine, Speech2Text.

    Long audio is split at quiet places into pieces of at most 28 s. Pieces quieter than -60 dBFS are skipped.
    Silence is added to audio under 0.1 s, which is too short for these networks.

    Args:
        audio: Audio with speech, of any length, sample rate and number of channels.
        model: Weights of a speech recognition model, a folder of transformers.
        language: Language of the speech, such as "de" or "german"; empty for detection by Whisper. Other models know
            one language.
        translate_to_english: Translate the text into English; only for Whisper.
        voice_detector: Weights of Silero VAD: the network hears only where there is speech, so that it writes no words
            into music and noise, and subtitles begin with the voice. null for all of the audio.

    Raises:
        ModelError: E648 for a voice detector that does something else.
        StudioError: E661 for a language that the model does not know.
    """
    from studio_speech.marks import write_marks
    from studio_speech.recognizer import Request, check_recognizer, recognize
    from studio_speech.speech_spans import find_speech

    spans = None
    if voice_detector is not None:
        with ctx.open(voice_detector) as detector:
            spans = find_speech(detector, audio)
    with ctx.open(model) as opened:
        recognizer = check_recognizer(opened, model.reference)
        request = Request(language.strip().lower(), translate_to_english)
        marks = recognize(audio, recognizer, request, ctx.step, spans)
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
    """Measure how far a mouth is open in each frame, from 0 to 1, from the loudness of a voice.

    The result is relative to the loud parts of this audio, so its level does not matter. Silence gives zeros.

    Args:
        audio: Audio of a voice without music.
        fps: Frame rate of the video; the list has one number for each frame, and the last frame may be incomplete.
        attack: Time in which the mouth opens by 63 %; 0 opens it at once.
        release: Time in which the mouth closes by 63 %; 0 closes it at once.
        floor: Level below the loud parts at which the mouth is closed.
    """
    from studio_speech.lip_curve import find_openings

    ctx.step(0, 1)
    return Lips([round(float(each), 4) for each in find_openings(audio, fps, attack, release, floor)])
