"""Voices."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from studio.api import Audio, Context, Field, MediaError, Migration, node
from studio_audio.ratios import find_pitch_ratio, to_semitones


class Voice(NamedTuple):
    """A changed voice.

    Attributes:
        audio: Changed voice.
        pitch_before: Median pitch of the original voice, in hertz.
    """

    audio: Audio
    pitch_before: float


def _to_semitones(pitch: float) -> float:
    return to_semitones(pitch)


@node(
    "audio.change_voice",
    code=2,
    version="2.0",
    migrations={1: Migration(inputs={"pitch": "semitones"}, values={"semitones": _to_semitones})},
    replaces="audio.voice",
    origin="edited",
)
def change_voice(
    ctx: Context,
    audio: Audio,
    *,
    semitones: Annotated[float, Field(ge=-24, le=24, unit="semitones")] = 0.0,
    formants: Annotated[float, Field(ge=0.5, le=2, unit="factor")] = 1.0,
    speed: Annotated[float, Field(ge=0.25, le=4, unit="factor")] = 1.0,
) -> Voice:
    """Change the pitch, the formants and the speed of a voice (WORLD: Morise, Yokomori and Ozawa 2016).

    Args:
        audio: One voice, speaking or singing; music is distorted. Each channel is processed separately.
        semitones: Shift of the pitch; 12 is an octave up.
        formants: Factor for the resonances of the voice; above 1 it sounds like a smaller person.
        speed: Factor for the speed: 2 makes the audio half as long.

    Raises:
        MediaError: E641 for a rate under 8 kHz, E642 for audio that is silent or shorter than 0.1 seconds, E647 if no
            voice is found, E640 and E503 for more samples than an hour of 48 kHz stereo has.
    """
    from studio_audio.bounds import check_audible, check_whole
    from studio_audio.voice import LOWEST_RATE
    from studio_audio.voice import change_voice as change

    check_audible(audio, 0.1, "a change of voice")
    if audio.rate < LOWEST_RATE:
        raise MediaError(
            "E641",
            f"a sample rate of {audio.rate} hertz is too low for a voice",
            hint=f"give {LOWEST_RATE} hertz and more",
        )
    check_whole(audio.frames / speed, audio.channels, audio.rate)
    changed, before = change(
        audio.samples,
        audio.rate,
        find_pitch_ratio(semitones),
        formants,
        speed,
        lambda done, total: ctx.step(done, total),
    )
    return Voice(Audio(changed, audio.rate), before)
