"""`train.lora` over real classes of pipelines with tiny random weights."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Cancelled, Image, Model, ModelError, StudioError
from studio.testing import TestContext
from studio_train.lora import choose_prior
from studio_train.nodes.lora import TrainedLora, train_lora
from tests.processes import create_environment

pytestmark = pytest.mark.xdist_group("diffusers")

LITTLE: dict[str, Any] = {
    "captions": ["a red star"], "steps": 3, "rank": 2, "text_rank": 2, "batch_size": 2, "size": 32,
    "prior_prompts": ["a cat", "a dog"], "learning_rate": 0.02, "model": Model("file:tiny"),
}  # fmt: skip
SMALLEST_RATE = 1e-12
"""A learning rate at which a model draws what it drew before."""


def make_images(count: int = 3, *, width: int = 48) -> list[Image]:
    """Return images of noise."""
    rng = np.random.default_rng(0)
    return [Image(rng.random((40, width, 3), dtype=np.float32)) for _ in range(count)]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """A function from the name of an architecture to an opened tiny model of it."""
    from studio_diffusion.opener import DiffusionOpener
    from tests.plugins.studio_diffusion.tiny_pipelines import WRITERS

    folder, opened = tmp_path_factory.mktemp("models"), dict[str, Any]()

    def open_tiny(name: str) -> Any:
        if name not in opened:
            path = WRITERS[name](folder / name)
            draw_quickly(path)
            model = Model(f"file:{path}")
            opened[name] = DiffusionOpener().open(path, model, device="cpu", dtype="float32", parts={})
        return opened[name]

    return open_tiny


def draw_quickly(path: Path, **about: Any) -> None:
    """Let a model draw in few steps."""
    (path / "studio.json").write_text(json.dumps({"steps": 4} | about), encoding="utf-8")


def train(ctx: TestContext, images: list[Image] | None = None, **changes: Any) -> TrainedLora:
    """Train a little."""
    return train_lora(ctx, images or make_images(), **LITTLE | changes)


def make_context(opened: Any, **settings: Any) -> TestContext:
    """Return a context with a model."""
    return TestContext(models={"file:tiny": opened}, **settings)


def read_kept(ctx: TestContext, trained: TrainedLora) -> bytes:
    """Return the bytes of a LoRA."""
    return ctx.kept[trained.lora.reference].read_bytes()


@contextmanager
def unchanged(opened: Any) -> Iterator[None]:
    """Check that a model draws and looks as before."""
    before = draw(opened), sorted(name for name, _ in _list_modules(opened))
    yield
    assert np.array_equal(before[0], draw(opened))
    assert before[1] == sorted(name for name, _ in _list_modules(opened))


def _list_modules(opened: Any) -> Iterator[tuple[str, Any]]:
    import torch

    for name, part in opened.pipeline.components.items():
        if isinstance(part, torch.nn.Module):
            yield from ((f"{name}.{key}", module) for key, module in part.named_modules())


def draw(opened: Any, lora: Path | None = None) -> Any:
    """Draw with the node type that users have."""
    from studio_diffusion.nodes.images import text_to_image
    from studio_diffusion.opener import DiffusionOpener

    ctx, model = make_context(opened), Model("file:lora")
    if lora is not None:
        ctx.models = {**ctx.models, "file:lora": DiffusionOpener().open(lora, model, device="cpu", dtype="float32")}
    loras = None if lora is None else [model]
    drawn = text_to_image(ctx, "a red star", width=32, height=32, seed=1, loras=loras, model=Model("file:tiny"))
    return drawn.image.pixels


@pytest.mark.parametrize("name", ["sd15", "sd2", "sdxl", "sd3"])
def test_a_lora_is_trained_and_drawn_with(tiny: Callable[[str], Any], name: str) -> None:
    opened, ctx = tiny(name), make_context(tiny(name))

    with unchanged(opened):
        trained = train(ctx)

    assert trained.lora.scheme == "kept"
    pixels = draw(opened, ctx.kept[trained.lora.reference])
    assert np.allclose(pixels, trained.previews[0].pixels, atol=1e-4)  # both drawn with the LoRA
    assert not np.allclose(pixels, draw(opened), atol=1e-3)
    assert trained.report["drift"] > 0
    assert len(trained.report["loss"]["curve"]) == 3


def test_equal_inputs_give_equal_weights_and_another_seed_others(tiny: Callable[[str], Any]) -> None:
    contexts = [make_context(tiny("sd15")) for _ in range(3)]
    made = [read_kept(ctx, train(ctx, seed=seed)) for ctx, seed in zip(contexts, (1, 1, 2), strict=True)]

    assert made[0] == made[1] != made[2]


@pytest.mark.parametrize("name", ["sd15", "sd3"])
def test_drawings_that_are_found_again_leave_the_weights_as_they_are(name: str, tmp_path: Path) -> None:
    from studio_diffusion.opener import DiffusionOpener
    from tests.plugins.studio_diffusion.tiny_pipelines import WRITERS

    path = WRITERS[name](tmp_path / name)
    draw_quickly(path, sampler="dpmpp_2m")  # another one than the model's own
    ctx = make_context(DiffusionOpener().open(path, Model(f"file:{path}"), device="cpu", dtype="float32", parts={}))
    made = []
    for folder in (tmp_path / "first", tmp_path / "second"):
        folder.mkdir()
        ctx.checkpoint_folder = folder
        made.append(read_kept(ctx, train(ctx)))

    assert len(ctx.memos) == 2
    assert ctx.memos[0] == ctx.memos[1]
    assert made[0] == made[1]


@pytest.mark.parametrize("tests", [[], ["a dog in a hat"]], ids=["captions", "tests"])
def test_a_training_that_changes_nothing_is_measured_as_no_change(tiny: Callable[[str], Any], tests: list[str]) -> None:
    prior = ["a cat", "a dog", "a hat", "a house", "a red star", "a boat"]  # one of them is a caption too
    changes: dict[str, Any] = {"steps": 1, "learning_rate": SMALLEST_RATE, "test_prompts": tests}

    for prompts in (prior, prior[-2:] + prior[:4]):
        report = train(make_context(tiny("sd15")), prior_prompts=prompts, **changes).report
        assert report["drift"] < 1e-3
        assert report["distance"]["with_lora"] == pytest.approx(report["distance"]["without"], abs=1e-3)


def test_memory_is_saved_without_another_result(tiny: Callable[[str], Any]) -> None:
    from safetensors.numpy import load_file

    made = []
    for checkpointing in (False, True):
        ctx = make_context(tiny("sd3"))
        trained = train(ctx, gradient_checkpointing=checkpointing)
        made.append(load_file(ctx.kept[trained.lora.reference]))

    assert made[0].keys() == made[1].keys()
    assert all(np.allclose(made[0][name], made[1][name], atol=1e-5) for name in made[0])
    assert not tiny("sd3").pipeline.transformer.gradient_checkpointing


def test_bfloat16_trains_on_a_cpu(tiny: Callable[[str], Any]) -> None:
    exact, rough = make_context(tiny("sd3")), make_context(tiny("sd3"))

    first, second = train(exact), train(rough, precision="bfloat16")

    assert read_kept(exact, first) != read_kept(rough, second)
    assert abs(first.report["loss"]["last"] / second.report["loss"]["last"] - 1) < 0.1


def test_text_encoders_are_left_as_they_are_at_rank_0(tiny: Callable[[str], Any]) -> None:
    from safetensors.numpy import load_file

    ctx = make_context(tiny("sd15"))
    names = load_file(ctx.kept[train(ctx, text_rank=0).lora.reference])

    assert {name.split(".")[0] for name in names} == {"unet"}


@pytest.mark.parametrize("images", [make_images(1), make_images(1) * 3], ids=["one", "equal"])
def test_few_images_are_named_in_the_report(tiny: Callable[[str], Any], images: list[Image]) -> None:
    ctx = make_context(tiny("sd15"))

    kinds = [warning["kind"] for warning in train(ctx, images).report["warnings"]]

    assert {"one_image", "equal_images"} & set(kinds)
    assert len(ctx.messages) == len(kinds)


def test_images_of_any_shape_and_kind_are_taken(tiny: Callable[[str], Any]) -> None:
    rng = np.random.default_rng(0)
    wide = Image(rng.random((3, 20_000, 3), dtype=np.float32))
    clear, grey = Image(np.zeros((9, 5, 4), np.float32)), Image(rng.random((1, 1, 1), dtype=np.float32))

    trained = train(make_context(tiny("sd15")), [wide, clear, grey])

    assert trained.report["images"] == 3


def test_a_rate_that_is_far_too_high_is_refused_or_named(tiny: Callable[[str], Any]) -> None:
    ctx = make_context(tiny("sd15"))

    verdicts = []
    with suppress(StudioError):
        verdicts = [train(ctx, steps=12, learning_rate=1.0).report["verdict"]]

    assert "good" not in verdicts


def test_a_cancelled_training_leaves_the_model_as_it_was(tiny: Callable[[str], Any]) -> None:
    opened = tiny("sd15")
    total = len(_count_steps(opened))

    with unchanged(opened), pytest.raises(Cancelled):
        train(make_context(opened, cancel_at_step=total - 2))


def _count_steps(opened: Any) -> list[tuple[int, int]]:
    ctx = make_context(opened)
    train(ctx)
    assert {row[1] for row in ctx.steps} == {3}
    assert [row[0] for row in ctx.steps] == sorted(row[0] for row in ctx.steps)
    return ctx.steps


def test_a_long_training_shows_previews(tiny: Callable[[str], Any]) -> None:
    ctx = make_context(tiny("sd15"))

    trained = train(ctx, steps=60, batch_size=1, prior_prompts=[], test_prompts=["a cat"], text_rank=0)

    assert len(ctx.previews) == 3
    assert (ctx.previews[0].width, len(trained.previews)) == (32, 2)
    assert trained.report["drift"] is None
    assert trained.report["nearest_copy"] > 0


@pytest.mark.parametrize("name", ["lcm", "pixart_sigma"])
def test_other_architectures_are_refused(tiny: Callable[[str], Any], name: str) -> None:
    with pytest.raises(ModelError, match="E616"):
        train(make_context(tiny(name)))


def test_a_model_that_waits_outside_the_device_is_refused_with_what_helps(
    tiny: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = tiny("sd15")
    monkeypatch.setattr(opened.measures, "offload", "model")

    with pytest.raises(ModelError, match="E616") as raised:
        train(make_context(opened))

    assert "outside the device" in raised.value.message
    assert all(name in raised.value.hint for name in ("offload", "batch_size", "size", "gradient_checkpointing"))


def test_a_model_that_does_not_draw_is_refused() -> None:
    with pytest.raises(ModelError, match="E698"):
        train(make_context(object()))


def test_a_single_prior_prompt_is_trained_on() -> None:
    assert choose_prior(["a cat"], [], 1) == (["a cat"], [])
    assert choose_prior(["a cat", "a dog"], [], 1) == (["a dog"], ["a cat"])
    assert choose_prior([], ["cat"], 1) == choose_prior([" "], ["cat"], 1) == ([], [])
    assert choose_prior(None, ["cat"], 1) == (["a cat"], [])


PROGRAM = """
import json, os, signal, sys
from pathlib import Path
import torch
import studio_diffusion, studio_train
from studio.app import Studio
from studio.settings import Settings
from studio_diffusion import fine_tuning
left, measure = int(sys.argv[3]), fine_tuning.LoraTraining.measure_loss
made = 0
def count(self, *given):
    global made
    if made == left:
        os.kill(os.getpid(), signal.SIGKILL)
    made += 1
    return measure(self, *given)
fine_tuning.LoraTraining.measure_loss = count
settings = Settings(cache_dir=Path(sys.argv[1]), device="cpu")
plugins = [("studio-diffusion", studio_diffusion), ("studio-train", studio_train)]
with Studio(settings, plugins=plugins, discover=False) as studio:
    result = studio.run(Path(sys.argv[2]))
    assert not result.errors, result.errors
    print(made, result["lora"].reference, flush=True)
"""


def run_process(folder: Path, graph: Path, left: int) -> tuple[int, str]:
    """Train in a process that is killed at a step; return its exit code and its last line."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder), str(graph), str(left)],
        capture_output=True, text=True, env=create_environment(), check=False,
    )  # fmt: skip
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode, done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


@pytest.mark.slow
@pytest.mark.timeout(900)  # three processes that load all that draws
def test_a_training_that_is_killed_goes_on_and_ends_with_the_same_weights(tmp_path: Path) -> None:
    from tests.plugins.studio_diffusion.tiny_pipelines import WRITERS

    model, picture = WRITERS["sd15"](tmp_path / "model"), tmp_path / "picture.png"
    draw_quickly(model, steps=1)
    make_images(1)[0].to_pillow().save(picture)
    inputs = {
        "images": [{"file": "picture.png"}], "captions": ["a red star"], "steps": 14, "rank": 1, "text_rank": 0,
        "batch_size": 1, "size": 32, "prior_prompts": [], "model": f"file:{model}",
    }  # fmt: skip
    nodes = {"train": {"type": "train.lora", "inputs": inputs}}
    graph = tmp_path / "graph.json"
    graph.write_text(json.dumps({"studio": 1, "nodes": nodes, "outputs": {"lora": {"from": "train.lora"}}}))

    whole = run_process(tmp_path / "whole", graph, 100)
    killed = run_process(tmp_path / "killed", graph, 12)
    resumed = run_process(tmp_path / "killed", graph, 100)

    assert (whole[0], killed[0], resumed[0]) == (0, -signal.SIGKILL, 0)
    assert whole[1].split()[0] == "14"
    assert resumed[1].split() == ["4", whole[1].split()[1]]  # ten steps were in the checkpoint
    assert os.listdir(tmp_path / "killed" / "checkpoints") == []
