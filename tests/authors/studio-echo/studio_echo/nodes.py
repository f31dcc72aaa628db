"""The node types."""

from __future__ import annotations

import numpy as np
from studio.api import Audio, Context, Model, node


@node("echo.apply", experimental=True)
def apply_echo(ctx: Context, audio: Audio, model: Model) -> Audio:
    """Add an echo.

    Args:
        audio: Audio to change.
        model: Impulse response to use.
    """
    with ctx.open(model) as impulse:
        channels = [np.convolve(channel, impulse)[: audio.frames] for channel in audio.samples.T]
    return Audio(np.stack(channels, axis=1), audio.rate)
