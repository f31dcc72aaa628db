"""The steps of a training: they repeat, resume, and stop where numbers are lost."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from studio.api import Cancelled, ModelError
from studio_train.training_loop import find_share, train
from tests.plugins.studio_train.fake_training import PLAN, FakeTraining, make_examples


def run(folder: Path, training: FakeTraining, stop: int | None = None) -> list[float]:
    """Train; cancel before a step."""

    def on_step(step: int) -> None:
        if step == stop:
            raise Cancelled

    folder.mkdir(exist_ok=True)
    return train(training, make_examples(), None, PLAN, folder, on_step)


def test_a_training_learns_and_repeats(tmp_path: Path) -> None:
    first, second = FakeTraining(), FakeTraining()

    losses = run(tmp_path / "a", first)

    assert losses == run(tmp_path / "b", second)
    assert losses[-1] < losses[0] / 2
    assert torch.equal(first.weights["a"], second.weights["a"])


def test_a_cancelled_training_ends_with_the_same_bits_and_makes_only_the_steps_since_the_checkpoint(
    tmp_path: Path,
) -> None:
    whole, resumed = FakeTraining(), FakeTraining()
    losses = run(tmp_path / "a", whole)
    with pytest.raises(Cancelled):
        run(tmp_path / "b", FakeTraining(), stop=17)

    assert run(tmp_path / "b", resumed) == losses
    assert resumed.steps == PLAN.steps - 10
    assert all(torch.equal(whole.weights[name], resumed.weights[name]) for name in whole.weights)


def test_a_finished_training_makes_no_step_again(tmp_path: Path) -> None:
    again = FakeTraining()
    losses = run(tmp_path / "a", FakeTraining())

    assert run(tmp_path / "a", again) == losses
    assert again.steps == 0


@pytest.mark.parametrize("content", [b"", b"no weights", b"\xff" * 200])
def test_a_damaged_checkpoint_begins_anew(tmp_path: Path, content: bytes) -> None:
    training = FakeTraining()
    (tmp_path / "training.safetensors").write_bytes(content)

    run(tmp_path, training)

    assert training.steps == PLAN.steps


def test_a_loss_that_is_nan_stops_the_training(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="E697") as raised:
        run(tmp_path, FakeTraining(fails_at=3))

    assert "step 3" in str(raised.value)
    assert all(word in raised.value.hint for word in ("learning_rate", "precision", "--dtype float32"))


def test_the_prior_is_learned_beside_the_examples(tmp_path: Path) -> None:
    training = FakeTraining()

    train(training, make_examples(), make_examples("a cat"), PLAN, tmp_path, lambda step: None)

    assert {len(prompts) for prompts in training.prompts} == {3}
    assert all(prompts[2].startswith("a cat") for prompts in training.prompts)
    assert any(prompts[0] == "" for prompts in training.prompts)


def test_the_learning_rate_rises_and_falls() -> None:
    shares = [find_share(step, 100) for step in range(100)]

    assert shares[0] == 0.1
    assert max(shares) == shares[30] == 1.0
    assert shares[-1] < 0.05
