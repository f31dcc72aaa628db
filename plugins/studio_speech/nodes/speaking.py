"""Text said aloud, and the voices that there are."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from studio.api import Audio, Context, Field, JsonValue, Migration, Model, ModelKinds, check_inputs, node
from studio_speech.checks import DEFAULT_LANGUAGE, check_language, check_speaker, check_text

PauseSeconds = Annotated[float, Field(ge=0, le=10, unit="seconds")]


class Said(NamedTuple):
    """Text said aloud.

    Attributes:
        audio: The speech: mono, at the voice's own rate (22050 Hz for espeak-ng).
        marks: When each sentence and each word is said: {"seconds", "estimated", "sentences": [{"text", "start", "end",
            "words": [{"text", "start", "end"}]}]}, times in seconds. "estimated" is true where a network does not
            give the times of words, which are then spread over the utterance by their length.
    """

    audio: Audio
    marks: JsonValue


class Voices(NamedTuple):
    """Who can speak.

    Attributes:
        voices: JSON: {"languages": [{"language", "name", "also"}], "speakers": [...]}.
    """

    voices: JsonValue


@node(
    "speech.say",
    lane="device",
    check=check_inputs(check_text, check_speaker, check_language),
    version="2.0",
    migrations={1: Migration(inputs={"rate": "speed", "pitch": "semitones", "volume": "gain"})},
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
    """Say a text aloud: with espeak-ng, which needs no weights and says the same each time, or with a network.

    Long text is cut at sentences, and the sentences are joined without clicks. In English, titles, dates, money, years,
    units and addresses are read as one says them. In plain text an empty line ends a paragraph.

    SSML (W3C Speech Synthesis Markup Language 1.1), in part: speak, p, s, break (time, strength), prosody (rate, pitch,
    range, volume), emphasis, say-as (characters, digits, ordinal, date, ...), sub, and xml:lang. Other elements of
    the standard are passed over with a warning, unknown ones and document types are errors.

    Args:
        text: Text to say, plain or SSML; at most 200,000 characters, and six hours.
        voice: Voice to speak with. For espeak-ng a speaker such as "f2", "m3" or "Alicia" ("speech.voices" lists them);
            for a model one of its own: a number for VITS, a preset's name for Bark, a speaker vector's name for
            SpeechT5.
        language: Language tag such as "en-gb", "de" or "fr-ca", or its English name; where a region is not there, the
            language without it. With a model it only decides how numbers and abbreviations are read.
        speed: How much faster the voice speaks: 2 makes it half as long; at 1, espeak-ng says about 175 words a minute.
        semitones: Shift of the pitch; espeak-ng only, whose voices have this range.
        gain: Gain of the speech; above 0 the loudest places may pass full scale.
        sentence_pause: Silence between sentences.
        paragraph_pause: Silence between paragraphs.
        markup: "auto" takes text that begins with <speak or <?xml for SSML.
        model: Weights that speak, a folder of transformers: VITS and MMS, SpeechT5 (its vocoder in the folder
            "vocoder", or named by the load option "vocoder"), Bark, FastSpeech2 and others. Without it espeak-ng
            speaks.
        seed: Seed of a model; another seed gives another reading. espeak-ng has none.
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
    """List the languages and speakers of espeak-ng, as it is installed here.

    The result is {"languages": [{"language", "name", "also"}], "speakers": [...]}: "language" and each of "also" may
    stand as the language of speech.say, and every speaker may stand as its voice, in any language.

    Args:
        language: Only languages whose tag begins with this, such as "en", or whose English name does; empty for all.
    """
    from studio_speech.espeak import open_installation
    from studio_speech.voices import describe_voices, read_voices

    _, listed = open_installation()
    return Voices(describe_voices(read_voices(listed), listed["variants"], language))
