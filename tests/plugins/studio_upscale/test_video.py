"""What is seen of a video changes slowly from frame to frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from studio.api import Model
from studio.testing import TestContext
from studio_upscale.opener import UpscaleOpener
from studio_upscale.video import SteadyInspection
from tests.plugins.studio_upscale.tiny_networks import write_compact

NET = Model("builtin:net")


@pytest.fixture
def net(tmp_path: Path) -> TestContext:
    """A context with a tiny network."""
    path = write_compact(tmp_path / "net.safetensors", coded=True)
    opened = UpscaleOpener().open(path, NET, device="cpu", dtype="float32", parts={})
    return TestContext(models={NET.reference: opened})


def test_what_is_seen_of_a_video_changes_by_little_from_frame_to_frame(net: TestContext) -> None:
    sharp = np.random.default_rng(0).random((40, 40, 3)).astype(np.float32)
    soft = (sharp + np.roll(sharp, 1, 0) + np.roll(sharp, 1, 1) + np.roll(sharp, (1, 1), (0, 1))) / 4
    with net.open(NET) as opened:
        inspect, flat = SteadyInspection(opened), np.zeros_like(sharp)
        alone = [opened.inspect(frame, 2)[0] for frame in (sharp, soft)]
        begun = [inspect(frame, 2)[0] for frame in (flat, flat, *[sharp] * 12)]
        seen = [begun[-1], *(inspect(frame, 2)[0] for frame in (soft, sharp, soft, soft))]

    assert abs(alone[0] - alone[1]) > 0.05
    assert begun[2:] == pytest.approx([alone[0]] * 12)
    assert np.abs(np.diff(seen)).max() < 0.11 * abs(alone[0] - alone[1])
    assert abs(seen[-1] - alone[1]) < abs(seen[0] - alone[1])
