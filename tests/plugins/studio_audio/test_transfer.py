"""Transport of levels, and what keeps or takes dynamics and rhythm."""

from __future__ import annotations

import numpy as np
import pytest

from studio_audio import transfer
from studio_audio.transfer_setting import Setting

SETTING = Setting(rate=16_000, window=512, rounds=3, seed=1, device="cpu", step=lambda *_: None)


def make_levels(seed: int, columns: int = 60) -> np.ndarray:
    return np.random.default_rng(seed).random((257, columns)).astype(np.float32)


def test_each_row_gets_the_distribution_of_the_model_in_its_own_order() -> None:
    own, model = make_levels(0), make_levels(1) ** 3

    moved = transfer.transport_rows(own, model)

    assert np.sort(moved, axis=1) == pytest.approx(np.sort(model, axis=1), abs=1e-6)
    assert np.array_equal(moved.argsort(axis=1), own.argsort(axis=1))


def test_a_model_of_another_length_gives_its_quantiles() -> None:
    model = np.linspace(0, 1, 1001, dtype=np.float32)[None]

    moved = transfer.transport_rows(np.array([[5.0, 1.0, 3.0]], np.float32), model)

    assert moved[0] == pytest.approx([5 / 6, 1 / 6, 1 / 2], abs=1e-3)


def test_levels_go_back_to_the_magnitudes_that_they_came_from() -> None:
    magnitude = np.array([0.0, 1e-3, 0.5, 20.0], np.float32)

    assert transfer.expand(transfer.compress(magnitude)) == pytest.approx(magnitude, rel=1e-4, abs=1e-6)


def test_frames_keep_the_power_of_the_content() -> None:
    changed, content = make_levels(0), make_levels(1)

    kept = transfer.keep_dynamics(changed, content)

    assert (kept**2).sum(axis=0) == pytest.approx((content**2).sum(axis=0), rel=1e-4)
    assert kept[:, 3] / changed[:, 3] == pytest.approx(np.full(257, kept[0, 3] / changed[0, 3]), rel=1e-4)


def test_frames_take_the_range_of_power_of_the_style_in_their_own_order() -> None:
    content, style = make_levels(0) * np.linspace(1, 2, 60, dtype=np.float32), make_levels(1) ** 4

    taken = transfer.take_dynamics(content, style)

    powers = (taken**2).sum(axis=0)
    assert np.sort(powers) == pytest.approx(np.sort((style**2).sum(axis=0)), rel=1e-3)
    assert np.array_equal(powers.argsort(), (content**2).sum(axis=0).argsort())


@pytest.mark.parametrize("method", ["bins", "bands", "equalize"])
def test_content_that_is_the_style_stays_as_it_is(method: str) -> None:
    levels = make_levels(0)

    assert transfer.METHODS[method](levels, levels, SETTING) == pytest.approx(levels, rel=0.02, abs=1e-3)


def test_equalizing_turns_a_band_by_30_decibels_at_most() -> None:
    content, style = np.full((257, 40), 1e-3, np.float32), np.full((257, 40), 10.0, np.float32)

    made = transfer.equalize(content, style, SETTING)

    gains = (made / content)[1:-1]  # the outermost bins are in no band
    assert gains == pytest.approx(np.full_like(gains, 31.6), rel=0.01)


def test_the_rhythm_of_the_style_is_taken_over() -> None:
    time = np.arange(256)
    even = np.ones((257, 256), np.float32) * (1 + 0.05 * np.sin(2 * np.pi * time / 16)).astype(np.float32)
    beating = np.ones((257, 256), np.float32) * (1 + 0.8 * np.sin(2 * np.pi * time / 16)).astype(np.float32)

    made = transfer.take_rhythm(even, beating, SETTING)

    assert made[100].std() / made[100].mean() > 4 * even[100].std() / even[100].mean()


def test_no_strength_gives_the_content_itself() -> None:
    content = np.random.default_rng(0).standard_normal((800, 1)).astype(np.float32)

    made = transfer.transfer(
        content,
        content[::-1],
        16_000,
        method="bins",
        strength=0.0,
        carry=transfer.Carry(),
        phase_rounds=2,
        rounds=1,
        seed=0,
        device="cpu",
        step=lambda *_: None,
    )

    assert made is content
