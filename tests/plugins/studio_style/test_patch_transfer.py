"""Style transfer by patches, on small images made here."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch.nn import functional

from studio_style.color_match import FloatArray, compute_luma, match_colors
from studio_style.patch_transfer import transfer_style

Preview = Callable[[], FloatArray]


class CancelledByTest(BaseException):
    """Stands for the host's way of cancelling a node."""


def ignore_step(_done: int, _total: int, _preview: Preview) -> None:
    pass


def draw_content(height: int = 48, width: int = 64) -> FloatArray:
    """Draw a disc over a ramp, with a little noise."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    ramp = rows / height
    disc = ((rows - height / 2) ** 2 + (columns - width / 2) ** 2 < (height / 4) ** 2) * 0.4
    noise = np.random.default_rng(3).normal(0, 0.02, (height, width))
    planes = [0.2 + 0.5 * ramp + disc, 0.3 + 0.3 * ramp, 0.7 - 0.4 * ramp + 0.5 * disc]
    image = np.stack(planes, axis=-1) + noise[..., None]
    return np.clip(image, 0, 1).astype(np.float32)


def draw_stripes(height: int = 72, width: int = 72) -> FloatArray:
    """Draw diagonal stripes of two colors that darken from top to bottom."""
    rows, columns = np.mgrid[0:height, 0:width]
    stripe = ((rows + columns) // 4 % 2)[..., None]
    colors = np.where(stripe, [0.95, 0.8, 0.3], [0.5, 0.25, 0.1])
    shaded: FloatArray = (colors * (1.0 - 0.7 * rows[..., None] / height)).astype(np.float32)
    return shaded


def measure_incoherence(image: FloatArray, style: FloatArray) -> float:
    """Mean distance of an image's patches (7 x 7) to the nearest of the style and its mirror."""
    style = np.concatenate([style, style[:, ::-1]], axis=1)
    found, known = (
        functional.unfold(torch.from_numpy(array.transpose(2, 0, 1).copy())[None], 7)[0].T for array in (image, style)
    )
    return float(torch.cdist(found[::3], known).amin(1).mean() / np.sqrt(147))


def correlate_edges(first: FloatArray, second: FloatArray) -> float:
    """Correlate the luma slopes of two images, averaged over 4 x 4 pixels."""
    slopes = []
    for image in (first, second):
        luma = torch.from_numpy(compute_luma(image))[None, None]
        plane = functional.avg_pool2d(luma, 4)[0, 0].numpy()
        slopes.append(np.hypot(*np.gradient(plane)).ravel())
    return float(np.corrcoef(*slopes)[0, 1])


def test_equal_seeds_give_equal_bits_whatever_else_the_process_does() -> None:
    first = transfer_style(draw_content(), draw_stripes(), seed=7, on_step=ignore_step)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            torch.rand(300, 300) @ torch.rand(300, 300)

    others = [threading.Thread(target=work) for _ in range(3)]
    for other in others:
        other.start()
    second = transfer_style(draw_content(), draw_stripes(), seed=7, on_step=ignore_step)
    stop.set()
    for other in others:
        other.join()

    assert np.array_equal(first, second)


def test_a_worker_thread_paints_the_same_bits_as_the_main_thread() -> None:
    painted: list[FloatArray] = []

    def work() -> None:
        painted.append(transfer_style(draw_content(), draw_stripes(), on_step=ignore_step))

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    work()

    assert np.array_equal(painted[0], painted[1])


def test_another_seed_paints_another_image() -> None:
    first, second = (transfer_style(draw_content(), draw_stripes(), seed=seed, on_step=ignore_step) for seed in (0, 1))

    assert not np.array_equal(first, second)


def test_global_random_state_is_left_alone() -> None:
    torch_state, numpy_state = torch.get_rng_state(), str(np.random.get_state())

    transfer_style(draw_content(), draw_stripes(), quality="draft", on_step=ignore_step)

    assert torch.equal(torch.get_rng_state(), torch_state)
    assert str(np.random.get_state()) == numpy_state


def test_strength_zero_gives_the_content_back() -> None:
    content = draw_content()

    painted = transfer_style(content, draw_stripes(), strength=0.0, on_step=ignore_step)

    assert np.array_equal(painted, content)
    assert not np.shares_memory(painted, content)


def test_more_strength_moves_further_from_the_content() -> None:
    content, style = draw_content(), draw_stripes()

    distances = [
        np.abs(transfer_style(content, style, strength=strength, on_step=ignore_step) - content)
        for strength in (0.1, 0.5, 1.0)
    ]

    means = [float(distance.mean()) for distance in distances]
    assert means == sorted(means)
    assert means[0] < 0.6 * means[-1]


@pytest.mark.parametrize("quality", ["draft", "standard", "fine"])
def test_every_quality_keeps_the_size_and_the_range(quality: str) -> None:
    content = draw_content(50, 67)

    painted = transfer_style(content, draw_stripes(), quality=quality, on_step=ignore_step)  # type: ignore[arg-type]

    assert painted.shape == content.shape
    assert painted.dtype == np.float32
    assert painted.min() >= 0.0
    assert painted.max() <= 1.0


def test_content_above_the_working_size_keeps_its_size() -> None:
    content = draw_content(24, 500)

    painted = transfer_style(content, draw_stripes(), quality="draft", on_step=ignore_step)

    assert painted.shape == content.shape
    assert painted.std() > 0.05


@pytest.mark.parametrize(
    ("content_size", "style_size"),
    [
        ((1, 1), (40, 40)),
        ((40, 40), (1, 1)),
        ((1, 90), (40, 40)),
        ((90, 1), (3, 60)),
        ((9, 9), (4, 5)),
    ],
)
@pytest.mark.parametrize("keep_colors", [False, True])
def test_odd_sizes_give_a_finite_image(
    content_size: tuple[int, int], style_size: tuple[int, int], keep_colors: bool
) -> None:
    content, style = draw_content(*content_size), draw_stripes(*style_size)

    painted = transfer_style(content, style, keep_colors=keep_colors, on_step=ignore_step)

    assert painted.shape == content.shape
    assert np.isfinite(painted).all()


@pytest.mark.parametrize("stroke_scale", [0.05, 0.4, 2.0])
def test_any_stroke_scale_gives_a_finite_image(stroke_scale: float) -> None:
    content = draw_content(40, 48)

    painted = transfer_style(content, draw_stripes(), stroke_scale=stroke_scale, quality="draft", on_step=ignore_step)

    assert np.isfinite(painted).all()


def test_a_constant_style_paints_its_color() -> None:
    style = np.full((30, 30, 3), (0.8, 0.4, 0.1), dtype=np.float32)

    painted = transfer_style(draw_content(), style, on_step=ignore_step)

    assert np.abs(painted - style[0, 0]).max() < 1e-3


def test_black_content_and_constant_content_give_finite_images() -> None:
    for level in (0.0, 0.5, 1.0):
        content = np.full((40, 40, 3), level, dtype=np.float32)

        painted = transfer_style(content, draw_stripes(), on_step=ignore_step)

        assert np.isfinite(painted).all()


def test_what_on_step_raises_ends_the_work_at_once() -> None:
    calls = []

    def cancel(done: int, _total: int, _preview: Preview) -> None:
        calls.append(done)
        if len(calls) == 5:
            raise CancelledByTest

    with pytest.raises(CancelledByTest):
        transfer_style(draw_content(), draw_stripes(), on_step=cancel)

    assert len(calls) == 5


def test_progress_rises_to_its_total_and_previews_are_images() -> None:
    seen: list[tuple[int, int]] = []
    previews: list[FloatArray] = []

    def follow(done: int, total: int, preview: Preview) -> None:
        seen.append((done, total))
        if len(seen) % 40 == 1:
            previews.append(preview())

    transfer_style(draw_content(), draw_stripes(), keep_colors=True, on_step=follow)

    done = [done for done, _ in seen]
    assert done == sorted(done)
    assert done[-1] == seen[-1][1]
    assert done[-2] > 0.95 * seen[-1][1]  # measured: 1.000
    assert all(preview.ndim == 3 and np.isfinite(preview).all() for preview in previews)


def test_inputs_are_read_only_and_stay_as_they_were() -> None:
    content, style = draw_content(), draw_stripes()
    content.flags.writeable = style.flags.writeable = False
    before = content.copy(), style.copy()

    transfer_style(content, style, quality="draft", on_step=ignore_step)

    assert np.array_equal(content, before[0])
    assert np.array_equal(style, before[1])


def test_the_painting_is_made_of_the_styles_patches() -> None:
    content, style = draw_content(96, 96), draw_stripes(96, 96)

    painted = transfer_style(content, style, on_step=ignore_step)

    found = measure_incoherence(painted, style)
    assert found < 0.35 * measure_incoherence(content, style)  # measured: 0.24
    assert found < 0.7 * measure_incoherence(match_colors(content, style), style)  # measured: 0.53


def test_the_painting_still_shows_the_content() -> None:
    content = draw_content(80, 80)

    painted = transfer_style(content, draw_stripes(80, 80), on_step=ignore_step)

    assert correlate_edges(painted, content) > 0.25  # measured: 0.43


def test_keep_colors_keeps_the_chroma_of_the_content() -> None:
    content = draw_content()

    painted = transfer_style(content, draw_stripes(), keep_colors=True, on_step=ignore_step)

    chroma, kept = (array - compute_luma(array)[..., None] for array in (painted, content))
    assert np.abs(chroma - kept).max() < 1e-5
    assert np.abs(compute_luma(painted) - compute_luma(content)).mean() > 0.01
