"""Signs that people see and hear."""

from __future__ import annotations

from typing import Annotated

from studio.api import Audio, Context, Field, Image, node
from studio_provenance.sign_words import Corner, Moment


@node("provenance.label", origin="edited")
def label_image(
    ctx: Context,
    image: Image,
    *,
    text: Annotated[str, Field(min_length=1, max_length=100)] = "AI generated",
    corner: Corner = "bottom_right",
    size: Annotated[float, Field(ge=0.01, le=0.5, unit="share")] = 0.035,
) -> Image:
    """Draw a visible sign on an image, such as "AI generated", in a corner.

    The letters are white on a dark plate over bright pixels, and dark on a light plate over dark ones.

    Args:
        image: Image to label. A video is labeled frame by frame.
        text: What the sign says, in one line.
        corner: Corner of the sign.
        size: Height of the letters, as a share of the shorter side; at least 9 pixels, and smaller where the sign
            would be too wide.

    Raises:
        StudioError: E654 if the sign does not fit.
    """
    from studio_provenance.visible_sign import draw_sign

    ctx.step(0, 1)
    return draw_sign(image, text, corner, size)


@node("provenance.label_audio", origin={"audio": "from audio"})
def label_audio(ctx: Context, audio: Audio, *, sign: Audio | None = None, moment: Moment = "start") -> Audio:
    """Let a sign be heard before audio, after it, or both: a spoken one, or three rising tones.

    Args:
        audio: Audio to label.
        sign: Sign to play, such as "this voice is generated" from `speech.say`; null plays three rising tones.
        moment: When the sign is heard.
    """
    from studio_provenance.audible_sign import add_sign

    ctx.step(0, 1)
    return add_sign(audio, sign, moment)
