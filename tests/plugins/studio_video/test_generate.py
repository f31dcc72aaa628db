"""Tests of films from stills and from words: cameras, models in the box, and networks of each architecture."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np
import pytest

from studio.api import Image, MediaError, Model, ModelError, Video
from studio.testing import TestContext
from studio_diffusion.opener import DiffusionOpener
from studio_video.camera import Move, guess_depth
from studio_video.flow import measure_flow
from studio_video.nodes.generate import animate_still, make_from_text
from tests.plugins.studio_video.scenes import make_texture
from tests.plugins.studio_video.tiny_video_pipelines import WRITERS

STILLS = ("svd", "cogvideox_still", "ltx", "ltx_still", "wan_still")
WORDS = ("animatediff", "cogvideox", "ltx", "wan", "hunyuan")


def read(video: Video) -> list[Any]:
    """Return all frames, 8 bits."""
    return [frame.image.to_uint8() for frame in video.frames()]


def find_middle(frame: Any) -> tuple[float, float]:
    """Return where the light of a frame is, in pixels."""
    light = frame[..., 0].astype(float)
    y, x = np.mgrid[: light.shape[0], : light.shape[1]]
    return float((x * light).sum() / light.sum()), float((y * light).sum() / light.sum())


def draw_dot() -> Image:
    """Return a soft white dot on black."""
    y, x = np.mgrid[:90, :160]
    return Image(np.exp(-((x - 79.5) ** 2 + (y - 44.5) ** 2) / 60)[..., None].repeat(3, axis=2).astype(np.float32))


@pytest.mark.parametrize("move", get_args(Move))
def test_cameras_show_no_edge_wherever_they_look(move: str) -> None:
    white = Image(np.full((45, 70, 3), 255, np.uint8))
    for x, y in ((0.0, 0.0), (1.0, 1.0)):
        film = animate_still(
            TestContext(),
            white,
            seconds=0.5,
            rate=10.0,
            move=move,
            amount=1.0,
            x=x,
            y=y,
            width=32,
            height=48,
        )

        frames = read(film)

        assert (film.count, len(frames), film.width, film.height) == (5, 5, 32, 48)
        assert min(frame.min() for frame in frames) == 255


@pytest.mark.parametrize("move", ["pan_right", "zoom_in", "rotate", "parallax"])
def test_slow_moves_do_not_jitter(move: str) -> None:
    film = animate_still(TestContext(), draw_dot(), seconds=2.0, rate=24.0, move=move, amount=0.1, easing="linear")  # type: ignore[arg-type]

    middles = np.array([find_middle(frame) for frame in read(film)])

    assert np.abs(np.diff(middles, 2, axis=0)).max() < 0.02


def test_a_pan_moves_and_a_zoom_grows_evenly() -> None:
    panned = [
        find_middle(f)[0] for f in read(animate_still(TestContext(), draw_dot(), move="pan_right", easing="linear"))
    ]
    zoomed = read(animate_still(TestContext(), draw_dot(), move="zoom_in", amount=1.0))

    assert panned[0] > panned[-1] + 20
    assert zoomed[-1].sum() > 3.5 * zoomed[0].sum()
    assert np.array_equal(zoomed[0], draw_dot().to_uint8())


def test_near_things_move_further_than_far_ones() -> None:
    texture = make_texture(1, 80, 120)
    depth = np.zeros((80, 120, 1), np.float32)
    depth[40:] = 1.0

    film = animate_still(
        TestContext(),
        Image(texture),
        seconds=1,
        rate=9,
        move="parallax",
        amount=0.5,
        easing="linear",
        depth=Image(depth),
    )
    frames = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in read(film)]
    flow = measure_flow(frames[3], frames[5], method="farneback")

    assert np.median(flow[60:75, 30:90, 0]) < -0.2
    assert np.median(flow[5:20, 30:90, 0]) > 0.2


def test_a_guessed_depth_is_nearer_below() -> None:
    depth = guess_depth(Image(make_texture(0, 60, 90)))

    assert (depth.min(), depth.max()) == (0, 1)
    assert depth[-15:].mean() > depth[:15].mean() + 0.2


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 200, 1), (20, 30, 4), (3, 2, 1)])
@pytest.mark.parametrize("move", ["zoom_in", "rotate", "orbit"])
def test_stills_of_any_shape_are_filmed(shape: tuple[int, ...], move: str) -> None:
    still = Image((np.random.default_rng(0).random(shape) * 65535).astype(np.uint16))

    film = animate_still(TestContext(), still, seconds=0.2, rate=10.0, move=move)  # type: ignore[arg-type]

    assert [frame.image.stored.shape for frame in film.frames()] == [shape] * 2
    assert all(frame.image.stored.dtype == np.uint16 for frame in film.frames())
    assert [f.tobytes() for f in read(film)] == [f.tobytes() for f in read(film)]


def test_a_still_that_is_too_large_is_refused() -> None:
    with pytest.raises(MediaError) as caught:
        animate_still(TestContext(), Image(np.zeros((1, 40_000, 1), np.uint8)))
    assert caught.value.code == "E717"


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Tiny models, by name, as they are asked for."""
    root = tmp_path_factory.mktemp("films")

    class Folders(dict[str, Path]):
        def __missing__(self, name: str) -> Path:
            self[name] = WRITERS[name](root / name)
            return self[name]

    return Folders()


def open_model(path: Path) -> TestContext:
    """Return a context that has a model under "local:it"."""
    opened = DiffusionOpener().open(path, Model("local:it"), device="cpu", dtype="float32", parts={})
    return TestContext(models={"local:it": opened})


IT = Model("local:it")


@pytest.mark.slow
@pytest.mark.parametrize("name", WORDS)
def test_films_are_made_from_words_by(name: str, folders: dict[str, Path]) -> None:
    ctx = open_model(folders[name])
    asked: dict[str, Any] = {"seconds": 0.625, "rate": 8.0, "width": 32, "height": 32, "steps": 2, "model": IT}

    film, again, other = (make_from_text(ctx, "a red cat", seed=seed, **asked) for seed in (1, 1, 2))

    assert (film.count, film.width, film.height, film.rate) == (5, 32, 32, 8)
    assert all(np.array_equal(a, b) for a, b in zip(read(film), read(again), strict=True))
    assert not np.array_equal(read(film)[0], read(other)[0])
    assert ctx.steps


@pytest.mark.slow
@pytest.mark.parametrize("name", STILLS)
def test_stills_are_set_in_motion_by(name: str, folders: dict[str, Path]) -> None:
    ctx, still = open_model(folders[name]), Image(make_texture(0, 40, 40))
    asked: dict[str, Any] = {"seconds": 0.625, "rate": 8.0, "width": 32, "height": 32, "steps": 2, "model": IT}

    film, again, other = (animate_still(ctx, still, prompt="a red cat", seed=seed, **asked) for seed in (1, 1, 2))

    assert (film.count, film.width, film.height) == (5, 32, 32)
    assert all(np.array_equal(a, b) for a, b in zip(read(film), read(again), strict=True))
    assert not np.array_equal(read(film)[-1], read(other)[-1])


def test_models_that_make_no_such_film_are_refused(folders: dict[str, Path]) -> None:
    still = Image(make_texture(0, 32, 32))
    words, stills = open_model(folders["animatediff"]), open_model(folders["svd"])
    refused = [
        lambda: animate_still(words, still, prompt="a", model=IT),
        lambda: make_from_text(stills, "a cat", model=IT),
        lambda: make_from_text(TestContext(models={"local:it": object()}), "a cat", model=IT),
        lambda: animate_still(TestContext(models={"local:it": object()}), still, model=IT),
    ]
    for call in refused:
        with pytest.raises(ModelError) as caught:
            call()
        assert caught.value.code == "E718"


@pytest.fixture(scope="session")
def mini(tmp_path_factory: pytest.TempPathFactory) -> TestContext:
    """A context with a tiny model in the place of the one in the box."""
    from tests.plugins.studio_diffusion.tiny_pipelines import write_tiny_sd3

    about = {"steps": 2, "guidance_scale": 2.0, "width": 16, "height": 16, "max_sequence_length": 8}
    path = write_tiny_sd3(tmp_path_factory.mktemp("mini") / "mini", t5=False, channels=8, **about)
    opened = DiffusionOpener().open(path, Model("builtin:mini"), device="cpu", dtype="float32", parts={})
    return TestContext(models={"builtin:mini": opened})


def test_a_model_for_pictures_makes_a_film_that_flows(mini: TestContext) -> None:
    asked: dict[str, Any] = {"seconds": 1.0, "rate": 12.0, "keys": 4.0, "width": 40, "height": 40}

    film = make_from_text(mini, "an apple", path=["a cat"], seed=1, **asked)
    again = make_from_text(mini, "an apple", path=["a cat"], seed=1, **asked)
    other = make_from_text(mini, "an apple", seed=2, **asked)

    frames = [frame.astype(float) for frame in read(film)]
    assert (film.count, len(frames), film.width, film.height) == (12, 12, 40, 40)
    assert all(np.array_equal(a, b) for a, b in zip(read(film), read(again), strict=True))
    assert not np.array_equal(read(film)[0], read(other)[0])
    steps = [np.abs(a - b).mean() for a, b in pairwise(frames)]
    assert max(steps) < 0.5 * np.abs(frames[0] - read(other)[0]).mean()


def test_a_film_of_one_frame_is_a_picture(mini: TestContext) -> None:
    assert len(read(make_from_text(mini, "an apple", seconds=0.01))) == 1
