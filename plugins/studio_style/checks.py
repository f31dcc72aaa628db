"""Checks of inputs before a node runs; the nodes call them too, so that both say the same."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from studio.api import MediaError, ModelError


def check_weights(style_weights: Sequence[float] | None, more_styles: Sequence[Any] | None) -> None:
    """Raise MediaError E682 for weights that do not go with the styles, or are no shares."""
    if style_weights is None:
        return
    shares, count = list(style_weights), 1 + len(more_styles or ())
    if len(shares) != count:
        raise MediaError(
            "E682",
            f"{len(shares)} weights for {count} styles",
            hint="give one for `style`, then one for each of `more_styles`",
        )
    if any(not math.isfinite(each) or each < 0 for each in shares) or sum(shares) <= 0:
        raise MediaError("E682", f"invalid weights {shares}", hint="give numbers of 0 or more, one of them above 0")


def check_method(method: str, model: object) -> None:
    """Raise ModelError E680 for a method that needs a model and has none."""
    if method in ("neural", "adain") and model is None:
        raise ModelError(
            "E680", f"method {method!r} needs a model", hint='name weights as `model`, or take method "patch"'
        )


def check_sources(exemplar: object, scribbles: object) -> None:
    """Raise MediaError E684 if there is nothing to take colors from."""
    if exemplar is None and scribbles is None:
        raise MediaError("E684", "there is nothing to take colors from", hint="give `exemplar` or `scribbles`")


def check_order(at_seconds: Sequence[float] | None) -> None:
    """Raise MediaError E685 for times that do not rise."""
    if at_seconds and (
        any(not later > earlier for earlier, later in itertools.pairwise(at_seconds)) or not at_seconds[0] >= 0
    ):
        raise MediaError("E685", f"times {at_seconds} do not rise", hint="put keyframes in the order of the video")


def check_times(at_seconds: Sequence[float] | None, keyframes: Sequence[Any]) -> None:
    """Raise MediaError E685 unless there is a time for each keyframe, or none."""
    if at_seconds is not None and len(at_seconds) != len(keyframes):
        raise MediaError("E685", f"{len(at_seconds)} times for {len(keyframes)} keyframes", hint="give one for each")
