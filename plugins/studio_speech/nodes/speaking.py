"""Text said aloud, and the voices that there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from studio.api import Audio, Context, Field, JsonValue, Migration, Model, ModelKinds, check_inputs, node
from studio_speech.checks import DEFAULT_LANGUAGE, check_language, check_speaker, check_text
from studio_speech.marks import MarksJson
from studio_speech.number_words import is_available

PauseSeconds = Annotated[float, Field(ge=0, le=10, unit="seconds")]


class Said(NamedTuple):
    """Text said aloud.

    Attributes:
        audio: Speech: mono, at the sample rate of the voice (22050 Hz for espeak-ng).
        marks: JSON with the time of each sentence and word: {"seconds", "estimated", "sentences": [{"text", "start",
            "end", "words": [{"text", "start", "end"}]}]}, times in seconds. "estimated" is true if a network does not
            give the times of words; they are then estimated from their length.
    """

    audio: Audio
    marks: MarksJson


class Voices(NamedTuple):
    """Who can speak.

    Attributes:
        voices: JSON: {"languages": [{"language", "name", "also"}], "speakers": [...]}.
    """

    voices: JsonValue


def find_origin(inputs: Mapping[str, Any]) -> str:
    """Return what speaking does: espeak-ng computes audio by rules, a network was trained on voices."""
    return "algorithmic" if inputs["model"] is None else "generated"


@node(
    "speech.say",
    lane="device",
    check=check_inputs(check_text, check_speaker, check_language),
    version="2.0",
    code=3 if is_available() else 2,  # rules of further languages read the same text otherwise
    migrations={1: Migration(inputs={"rate": "speed", "pitch": "semitones", "volume": "gain"})},
    origin=find_origin,
)
def say_text(
    ctx: Context,
    text: Annotated[str, Field(max_length=200_000)],
    *,
    voice: Annotated[str, Field(max_length=100)] = "",
    language: Annotated[str, Field(min_length=1, max_length=60)] = DEFAULT_LANGUAGE,
    speed: Annotated[float, Field(ge=0.5, le=2.5, unit="factor")] = 1.0,
    semitones: Annotated[float, Field(ge=-7, le=10, unit="semitones")] = 0.0,
    gain: Annotated[float, Field(ge=-60, le=12, unit="dB")] = 0.0,
    sentence_pause: PauseSeconds = 0.35,
    paragraph_pause: PauseSeconds = 0.8,
    markup: Literal["auto", "text", "ssml"] = "auto",
    model: Annotated[Model, ModelKinds("speaker")] | None = None,
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0,
) -> Said:
    """Speak a text with espeak-ng, which needs no weights and is deterministic, or with a network.

    Long text is split at sentences, which are joined without clicks. In English, titles, dates, money, years, units and
    addresses are read as people say them; with `pip install 'studio[languages]'` also in German, French, Spanish,
    Italian, Portuguese, Dutch and Polish. In plain text an empty line ends a paragraph.

    SSML (W3C Speech Synthesis Markup Language 1.1) is supported in part: speak, p, s, break (time, strength), prosody
    (rate, pitch, range, volume), emphasis, say-as (characters, digits, ordinal, date, ...), sub, and xml:lang. Other
    elements of the standard are ignored with a warning. Unknown elements are errors.

    Args:
        text: Text to speak, plain or SSML; at most 200,000 characters and six hours of audio.
        voice: Voice: for espeak-ng a speaker such as "f2", "m3" or "Alicia" (see `speech.voices`); for a model one of
            its own: a number for VITS, a preset for Bark, a speaker vector for SpeechT5, a name such as "bm_george"
            for Kokoro. Empty for the default.
        language: Language tag such as "en-gb", "de" or "fr-ca", or English name, such as "German", "Brazilian
            Portuguese" or "English (America)"; an unknown region is ignored. With a model it only decides how numbers
            and abbreviations are read; Kokoro speaks en-us, en-gb, fr, es, it and pt-br.
        speed: Factor for the speed: 2 makes the speech half as long; at 1, espeak-ng says about 175 words per minute.
        semitones: Shift of the pitch, within the range of espeak-ng's voices; not for models.
        gain: Gain of the speech; above 0 the loudest parts may exceed full scale.
        sentence_pause: Silence between sentences.
        paragraph_pause: Silence between paragraphs.
        markup: Format of the text: "auto" reads text that starts with <speak or <?xml as SSML.
        model: Weights of a speech model, a folder of transformers: VITS and MMS, SpeechT5 (its vocoder in the folder
            "vocoder", or named by the load option "vocoder"), Bark, FastSpeech2 and others, or Kokoro (an ONNX file and
            voices); null for espeak-ng.
        seed: Seed of a model; another seed gives different speech. espeak-ng ignores it.
    """
    from studio_speech.prepare import prepare
    from studio_speech.say import Request, say

    request = Request(voice, language, speed, semitones, gain, sentence_pause, paragraph_pause, seed)
    lead, utterances = prepare(text, markup, language, ctx.log)
    if model is None:
        audio, marks = say(lead, utterances, request, None, ctx)
    else:
        with ctx.open(model) as opened:
            audio, marks = say(lead, utterances, request, opened, ctx)
    return Said(audio, marks)


@node("speech.voices", cache="recompute", version="2.0", migrations={1: Migration(outputs={"json": "voices"})})
def list_voices(ctx: Context, *, language: Annotated[str, Field(max_length=60)] = "") -> Voices:
    """List the languages and speakers of the installed espeak-ng.

    The result is {"languages": [{"language", "name", "also"}], "speakers": [...]}. "language" and each of "also" are
    languages for speech.say; each speaker is a voice for speech.say, in any language.

    Args:
        language: Start of a language tag, such as "en", or of an English name; only these languages are listed. Empty
            for all.
    """
    from studio_speech.espeak import open_installation
    from studio_speech.voices import describe_voices, read_voices

    _, listed = open_installation()
    return Voices(describe_voices(read_voices(listed), listed["variants"], language))
