"""Cuts between scenes."""

from __future__ import annotations

from typing import Any

import numpy as np

from studio_video.cuts import mark_cuts
from tests.plugins.studio_video.scenes import make_scene, to_video


def find_cuts(scene: list[Any]) -> list[int]:
    """Return the frames that start a scene."""
    return [index for index, (_, is_cut) in enumerate(mark_cuts(to_video(scene, 10).frames())) if is_cut]


def test_all_cuts_are_found_and_no_flash_dissolve_or_fade_is_one() -> None:
    scenes = [make_scene(8, seed=seed, speed=5) for seed in range(4)]
    white = np.full_like(scenes[0][0], 255)
    share = np.linspace(0, 1, 12)
    dissolve = [np.rint((1 - s) * scenes[0][-1] + s * scenes[1][0]).astype(np.uint8) for s in share]
    fade = [np.rint((1 - s) * scenes[0][-1]).astype(np.uint8) for s in share]

    assert find_cuts([frame for scene in scenes for frame in scene]) == [8, 16, 24]
    assert find_cuts([*scenes[0][:4], white, *scenes[0][5:]]) == []
    assert find_cuts([*scenes[0][:4], white, white, *scenes[0][6:], *scenes[1]]) == [8]
    assert find_cuts([*scenes[0], *dissolve, *scenes[1]]) == []
    assert find_cuts([*scenes[0], *fade]) == []
    assert find_cuts([]) == []
