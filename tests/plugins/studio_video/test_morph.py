"""Videos from a model that draws images."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from studio.api import Model
from studio.testing import TestContext
from studio_diffusion.opener import DiffusionOpener
from studio_video.nodes.generate import make_from_text
from tests.plugins.studio_video.scenes import read


@pytest.fixture(scope="session")
def mini(tmp_path_factory: pytest.TempPathFactory) -> TestContext:
    """A context with a tiny model in the place of the one in the box."""
    from tests.plugins.studio_diffusion.tiny_pipelines import write_tiny_sd3

    about = {"steps": 2, "guidance_scale": 2.0, "width": 16, "height": 16, "max_sequence_length": 8}
    path = write_tiny_sd3(tmp_path_factory.mktemp("mini") / "mini", t5=False, channels=8, **about)
    opened = DiffusionOpener().open(path, Model("builtin:mini"), device="cpu", dtype="float32", parts={})
    return TestContext(models={"builtin:mini": opened})


def test_a_model_for_images_makes_a_video_that_flows(mini: TestContext) -> None:
    asked: dict[str, Any] = {"seconds": 1.0, "fps": 12.0, "keyframes_per_second": 4.0, "width": 40, "height": 40}

    film = make_from_text(mini, "an apple", later_prompts=["a cat"], seed=1, **asked)
    again = make_from_text(mini, "an apple", later_prompts=["a cat"], seed=1, **asked)
    other = make_from_text(mini, "an apple", seed=2, **asked)

    frames = [frame.astype(float) for frame in read(film)]
    assert (film.count, len(frames), film.width, film.height) == (12, 12, 40, 40)
    assert all(np.array_equal(a, b) for a, b in zip(read(film), read(again), strict=True))
    assert not np.array_equal(read(film)[0], read(other)[0])
    steps = [np.abs(a - b).mean() for a, b in pairwise(frames)]
    assert max(steps) < 0.5 * np.abs(frames[0] - read(other)[0]).mean()


def test_a_video_of_one_frame_is_an_image(mini: TestContext) -> None:
    assert len(read(make_from_text(mini, "an apple", seconds=0.01))) == 1
