"""A stage of the recipe stops when it is asked to, resumes where it was, and finishes early on request."""

from __future__ import annotations

import os
import signal
from collections import OrderedDict
from pathlib import Path

import pytest
import torch

from studio_diffusion.training.slices import (
    FINISH_STEPS,
    Averaged,
    Pace,
    Requests,
    Slice,
    Stopped,
    create_optimizers,
    take_step,
)


def train(folder: Path, steps: int, slice_steps: int = 0) -> list[torch.Tensor]:
    """Train a small network on random numbers for so many steps, and return its averaged weights."""
    torch.manual_seed(3)
    # not contiguous, as the autoencoder's weights are: optimizers must find their state in the same layout
    layers = {
        "pos_embed": torch.nn.Conv2d(3, 4, 3),
        "hidden": torch.nn.Conv2d(4, 6, 2, padding=1),
        "flat": torch.nn.Flatten(),
        "linear": torch.nn.Linear(54, 4),
    }
    model = torch.nn.Sequential(OrderedDict(layers)).to(memory_format=torch.channels_last)
    optimizers, averaged = create_optimizers([model], 1e-2), Averaged(model.parameters(), 0.9)
    requests = Requests(folder, slice_steps)
    run = Slice("stage", folder, {"model": model}, optimizers, averaged, requests, minutes=0, steps=steps)
    while not run.is_done():
        take_step(model(torch.randn(8, 3, 4, 4)).square().mean(), optimizers, run.pace.scale(run.step, 3))
        run.advance()
    run.save()
    return averaged.tensors


def test_a_stage_stopped_after_any_step_resumes_to_the_same_weights(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole", 7)

    for slice_steps in (1, 3, 5):
        folder = tmp_path / str(slice_steps)
        for _ in range(6 // slice_steps):
            with pytest.raises(Stopped):
                train(folder, 7, slice_steps)
        resumed = train(folder, 7)
        assert all(torch.equal(a, b) for a, b in zip(whole, resumed, strict=True))


def test_a_hidden_convolution_moves_alike_in_all_directions_that_its_gradient_has() -> None:
    torch.manual_seed(5)
    model = torch.nn.Sequential(torch.nn.Conv2d(6, 8, 3)).to(memory_format=torch.channels_last)
    before = model[0].weight.detach().clone()

    take_step(model(torch.randn(4, 6, 8, 8)).square().mean(), create_optimizers([model], 0.01), 1)

    # Jordan et al. 2024: five steps bring singular values to about 0.7..1.2; times 0.2 sqrt(6 * 3 * 3) and the rate
    update = ((1 - 0.01 * 0.02) * before - model[0].weight.detach()).flatten(1)
    values = torch.linalg.svdvals(update) / (0.01 * 0.2 * 54**0.5)
    assert values.min() > 0.5
    assert values.max() < 1.4


def test_a_file_named_stop_stops_a_stage_once(tmp_path: Path) -> None:
    requests = Requests(tmp_path)
    (tmp_path / "stop").touch()

    assert requests.is_stop()
    assert not Requests(tmp_path).is_stop()


def test_sigterm_is_a_request_to_stop_and_not_the_end(tmp_path: Path) -> None:
    requests, before = Requests(tmp_path), signal.getsignal(signal.SIGTERM)

    with requests.catch_signals():
        os.kill(os.getpid(), signal.SIGTERM)

    assert requests.is_stop()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_file_finishes_its_stage_and_no_other(tmp_path: Path) -> None:
    requests = Requests(tmp_path)
    (tmp_path / "finish_autoencoder").touch()

    assert requests.is_finish("autoencoder")
    assert not requests.is_finish("generator")


def test_a_stage_that_finishes_early_slows_down_from_its_present_rate() -> None:
    pace = Pace(0, steps=10_000)
    before = pace.scale(1000)

    pace.finish_early(1000)
    pace.finish_early(1300)

    assert pace.scale(1000) == before == 1
    assert pace.scale(1000 + FINISH_STEPS // 2) == pytest.approx(0.5)
    assert not pace.is_done(1000 + FINISH_STEPS - 1)
    assert pace.is_done(1000 + FINISH_STEPS)


def test_an_early_finish_is_remembered_over_a_stop(tmp_path: Path) -> None:
    (tmp_path / "finish_stage").touch()
    with pytest.raises(Stopped):
        train(tmp_path, 10_000, 2)
    (tmp_path / "finish_stage").unlink()

    train(tmp_path, 10_000)

    from safetensors import safe_open

    with safe_open(tmp_path / "stage" / "checkpoint.safetensors", "pt") as file:
        assert f'"step": {1 + FINISH_STEPS}' in file.metadata()["state"]
