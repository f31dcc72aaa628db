"""The recipe: it learns, goes on from a checkpoint as if it had not stopped, and what it writes opens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from studio.api import Model
from studio_upscale.codes import EVEN, find_codes
from studio_upscale.opener import UpscaleOpener
from studio_upscale.training import images, train
from studio_upscale.training.export import export
from studio_upscale.training.gauge import make_samples, train_gauges
from studio_upscale.training.images import Pairs, degrade

SMALL = ("--width", "8", "--blocks", "1", "--batch", "2", "--patch", "16", "--threads", "1", "--every", "2")
SMALL += ("--variants", "2")


@pytest.fixture(autouse=True)
def _few_images(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Learn from nine drawn images, and leave the number of threads as it is."""
    rng, y, x = np.random.default_rng(0), *np.mgrid[:96, :96]
    drawn = [
        (np.stack([np.hypot(x - a, y - b) < r for a, b, r in rng.integers(20, 70, (3, 3))], axis=2) * 200).astype(
            np.uint8
        )
        for _ in range(9)
    ]
    monkeypatch.setattr(images, "load_images", lambda *_: [(pixels, 1.0) for pixels in drawn])
    monkeypatch.setattr(images, "load_held_out", lambda: drawn[0])
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.set_flush_denormal(False)


def _train(out: Path, steps: int, *stages: str) -> Any:
    train.main(["--out", str(out), "--steps", str(steps), "--stage", "gauge", *stages, *SMALL])
    return load_file(out / f"{stages[-1]}.safetensors")


@pytest.mark.slow
def test_a_training_that_goes_on_equals_one_that_did_not_stop(tmp_path: Path) -> None:
    whole = _train(tmp_path / "whole", 4, "fast")
    again = _train(tmp_path / "again", 4, "fast")
    stopped = tmp_path / "stopped"
    options = train.parse_arguments(["--out", str(stopped), "--steps", "4", *SMALL])
    stopped.mkdir()
    found = list(images.load_images([], None, 1))
    train.train_gauge(found, options)
    original = train.Training.find_progress
    train.Training.find_progress = lambda self, seconds: 1.0 if self.step == 2 else original(self, seconds)
    try:
        train.train_stage(train.list_stages(8, 1)["fast"], found, options)
    finally:
        train.Training.find_progress = original
    halves = _train(stopped, 4, "fast")

    assert all(torch.equal(whole[name], again[name]) for name in whole)
    assert all(torch.equal(whole[name], halves[name]) for name in whole)


@pytest.mark.slow
def test_all_stages_end_in_files_that_open(tmp_path: Path) -> None:
    _train(tmp_path, 2, *(stage for stage in train.STAGES if stage not in ("gauge", "export")))

    sizes = export(tmp_path)

    assert set(sizes) == {"README.md", "compact.safetensors", "compact_fast.safetensors", "compact_restore.safetensors"}
    for name, scales in (("compact", (2, 3, 4)), ("compact_fast", (2, 3, 4)), ("compact_restore", (1,))):
        path, model = tmp_path / "ship" / f"{name}.safetensors", Model("file:x")
        opened = UpscaleOpener().open(path, model, device="cpu", dtype="float32", parts={})
        assert opened.scales == scales


@pytest.mark.parametrize("kind", ["antialiased", "cubic", "area", "rough"])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_harm_keeps_places(kind: str, scale: int) -> None:
    whole = np.zeros((48, 48, 3), np.uint8)
    whole[12:36, 12:36] = 200

    left = degrade(whole, scale, kind, np.random.default_rng(0)).astype(float)

    assert left.shape == (48 // scale, 48 // scale, 3)
    middle = (48 / scale - 1) / 2
    rows = np.arange(left.shape[0])
    assert np.sum(left[:, :, 0].sum(axis=1) * rows) / left[:, :, 0].sum() == pytest.approx(middle, abs=0.35)


@pytest.mark.slow
def test_the_gauge_tells_smoothed_from_sampled_images_that_it_did_not_see() -> None:
    rng = np.random.default_rng(1)
    found = [(rng.integers(0, 256, (40, 40, 3)).astype(np.uint8).repeat(8, 0).repeat(8, 1), 1.0) for _ in range(12)]

    _, folds, loss = train_gauges(make_samples(found, 1, 16), 1)
    pairs = Pairs(found, 2, {"antialiased": 0.5, "cubic": 0.5}, 16, 1, folds)

    assert loss < 0.7  # a guess has 1.1
    smoothed, sampled = (float(np.mean(codes[:, 0])) for codes in pairs.codes)
    assert smoothed < 0.3
    assert sampled > 0.6


def test_an_image_too_small_to_tell_is_told_nothing_of() -> None:
    gauge, *_ = train_gauges(make_samples(images.load_images([], None, 1), 1, 2), 1)

    small = np.zeros((8, 400), np.float32)
    assert gauge.guess(small, 2) == pytest.approx([1 / 3] * 3)
    assert find_codes(small, gauge, 2) == pytest.approx((1 / 3, 1 / 3, 0))
    assert find_codes(small, gauge, 2, EVEN | {"antialiased": 2.0}) == pytest.approx((0.25, 0.25, 0))
