"""The recipe of the small model, on made-up artwork: it runs, it stops and goes on, and a seed repeats."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from studio_diffusion.training import evaluate
from studio_diffusion.training.artwork import Artwork
from studio_diffusion.training.scenes import Scene, Scenes, Thing, is_held_out
from studio_diffusion.training.sketches import trace_sketch
from studio_diffusion.training.vocabulary import COLORS, SHAPES, SIZES, load_concepts

pytestmark = pytest.mark.xdist_group("diffusers")
WORDS = list(load_concepts(12))
WEIGHTS = "diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of artwork as the upstream one is laid out: one colored blob with a dot for each name."""
    folder = tmp_path_factory.mktemp("artwork")
    lines = ["file\temoji\tname\tskin_tone"]
    for number, name in enumerate(load_concepts().values()):
        picture = Image.new("RGBA", (128, 128))
        draw = ImageDraw.Draw(picture)
        draw.ellipse((6, 6 + number % 30, 122, 122), fill=(40 + number * 7 % 200, 200 - number * 11 % 180, 90, 255))
        draw.rectangle((30 + number % 60, 40, 60 + number % 60, 70), fill=(20, 20, 30, 255))
        picture.save(folder / f"{number}.png")
        lines.append(f"{number}.png\t?\t{name}\t0")
    (folder / "names.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_a_scene_is_drawn_as_its_words_say(data: Path) -> None:
    art = Artwork(data)
    scene = Scene("a red cat on the left", (Thing("cat", "red", 0.46, 0.24, 0.5),), background="blue")

    picture = art.draw(scene)

    assert picture.shape == (64, 64, 3)
    assert evaluate.name_color(evaluate.find_background(picture)) == "blue"
    assert evaluate.name_thing_color(picture) == "red"
    assert evaluate.is_at(picture, "on the left")
    assert not evaluate.is_at(picture, "on the right")


def test_the_same_seed_makes_up_the_same_scenes() -> None:
    first, second = ([Scenes(WORDS).make(np.random.default_rng(3)) for _ in range(5)] for _ in range(2))

    assert first == second


def test_training_never_sees_a_held_out_pair() -> None:
    rng = np.random.default_rng(0)
    things = [thing for _ in range(3000) for thing in Scenes(WORDS).make(rng).things]
    colored = [t for t in things if t.color and t.word not in SHAPES]

    assert len(colored) > 500
    assert not [t for t in colored if is_held_out(t.word, t.color)]
    assert 0.05 < np.mean([is_held_out(w, c) for w in WORDS for c in COLORS]) < 0.3


def test_the_test_prompts_are_two_hundred_and_never_change() -> None:
    words = list(load_concepts(160))
    scenes = evaluate.make_test_scenes(words)

    assert len(scenes) == 200
    assert scenes == evaluate.make_test_scenes(words)
    assert sum(scene.kind == "unseen color" for scene in scenes) == 30


def test_drawn_scenes_reach_the_ceiling_of_the_measures_and_blank_pictures_reach_nothing(data: Path) -> None:
    art = Artwork(data)
    scenes = [s for s in evaluate.make_test_scenes(WORDS) if s.kind in ("position", "size", "background")]
    drawn = [art.draw(scene) for scene in scenes]
    blank = np.full((64, 64, 3), 255, np.uint8)

    for scene, picture in zip(scenes, drawn, strict=True):
        if scene.kind == "position":
            assert evaluate.is_at(picture, scene.labels["where"])
            assert not evaluate.is_at(blank, scene.labels["where"])
        elif scene.kind == "size":
            assert evaluate.has_size(picture, picture, scene.labels["size"])
            assert not evaluate.has_size(blank, picture, scene.labels["size"])
        else:
            assert evaluate.name_color(evaluate.find_background(picture)) == scene.background


def test_the_floor_takes_the_picture_of_another_prompt_of_the_same_kind() -> None:
    scenes = evaluate.make_test_scenes(WORDS)

    others = evaluate.shuffle_by_kind(scenes)

    assert sorted(others) == list(range(len(scenes)))
    assert all(scenes[other].kind == scene.kind for scene, other in zip(scenes, others, strict=True))
    assert not any(other == number for number, other in enumerate(others))


def test_a_thing_of_the_usual_size_is_neither_small_nor_large(data: Path) -> None:
    art = Artwork(data)
    usual, small, large = (art.draw(Scene("", (Thing("cat", "", SIZES[s]),))) for s in ("", "small", "large"))

    assert not evaluate.has_size(usual, small, "small")
    assert not evaluate.has_size(usual, large, "large")


def test_edges_of_a_picture_follow_its_own_sketch_and_not_another(data: Path) -> None:
    art = Artwork(data)
    here, there = (art.draw(Scene("", (Thing("cat", "", 0.4, x, x),))) for x in (0.25, 0.75))

    own = evaluate.compute_edge_score(here, trace_sketch(here))

    assert own > 0.99
    assert evaluate.compute_edge_score(here, trace_sketch(there)) < 0.1
    assert evaluate.compute_edge_score(np.full((64, 64, 3), 255, np.uint8), trace_sketch(here)) == 0


def test_a_pair_is_taken_apart_in_the_order_of_the_words(data: Path) -> None:
    red, blue = Thing("cat", "red", 0.49, 0.75, 0.5), Thing("dog", "blue", 0.49, 0.25, 0.5)
    picture = Artwork(data).draw(Scene("a red cat to the right of a blue dog", (red, blue)))

    first, second = evaluate.split_pair(picture, "to the right of")

    assert evaluate.name_thing_color(first) == "red"
    assert evaluate.name_thing_color(second) == "blue"


def _train(data: Path, out: Path, stages: list[str], steps: tuple[int, int, int], *more: str) -> dict[str, object]:
    from studio_diffusion.training.train import main

    small = [
        "--concepts",
        "12",
        "--width",
        "64",
        "--layers",
        "2",
        "--control-layers",
        "1",
        "--batch",
        "4",
        "--pool",
        "64",
        "--judge-steps",
        "5",
        "--threads",
        "1",
    ]
    budget = ["--steps", *map(str, steps)]
    main(["--data", str(data), "--out", str(out), *small, *budget, "--stage", *stages, *more])
    path = out / "report.json"
    report: dict[str, object] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return report


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_stage_runs_and_what_ships_loads_in_stock_pipelines(data: Path, tmp_path: Path) -> None:
    from diffusers import DiffusionPipeline

    stages = ["autoencoder", "generator", "controlnet", "judge", "evaluate", "export"]
    report = _train(data, tmp_path, stages, (3, 3, 2))

    pipeline = DiffusionPipeline.from_pretrained(tmp_path / "ship" / "mini", text_encoder_3=None, tokenizer_3=None)
    pipeline.set_progress_bar_config(disable=True)
    picture = pipeline("a red cat", num_inference_steps=2, height=64, width=64, max_sequence_length=16).images[0]
    facts = json.loads((tmp_path / "ship" / "mini" / "studio.json").read_text(encoding="utf-8"))
    card = (tmp_path / "ship" / "mini" / "README.md").read_text(encoding="utf-8")
    assert picture.size == (64, 64)
    assert set(facts["words"]) >= set(WORDS)
    assert "| thing, top-1 |" in card
    assert "$" not in card
    assert report["evaluate"]["prompts"] == 200  # type: ignore[index]
    assert not list((tmp_path / "ship").rglob("*.bin"))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_training_that_was_stopped_goes_on_to_the_same_weights(data: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    weights = []
    _train(data, tmp_path / "vae", ["autoencoder"], (2, 0, 0))
    for name, slices in (("whole", [0]), ("sliced", [3, 0])):
        out = tmp_path / name
        out.mkdir()
        (out / "vae").symlink_to(tmp_path / "vae" / "vae")
        for slice_steps in slices:
            _train(data, out, ["generator"], (0, 6, 0), "--slice-steps", str(slice_steps))
        weights.append(load_file(out / "transformer" / WEIGHTS))

    whole, sliced = weights
    assert max(float((whole[key] - sliced[key]).abs().max()) for key in whole) < 1e-6


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_autoencoder_of_128_pixels_resumes_to_the_same_weights(data: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    for name, slices in (("whole", [0]), ("sliced", [2, 0])):
        for slice_steps in slices:
            more = ("--side", "128", "--slice-steps", str(slice_steps))
            _train(data, tmp_path / name, ["autoencoder"], (4, 0, 0), *more)

    whole, sliced = (load_file(tmp_path / name / "vae" / WEIGHTS) for name in ("whole", "sliced"))
    assert all((whole[key] == sliced[key]).all() for key in whole)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_generator_of_128_pixels_has_the_tokens_of_one_of_64(data: Path, tmp_path: Path) -> None:
    for side in ("64", "128"):
        _train(data, tmp_path / side, ["autoencoder", "judge", "generator"], (1, 1, 0), "--side", side)

    small, large = (
        json.loads((tmp_path / side / "transformer" / "config.json").read_text(encoding="utf-8"))
        for side in ("64", "128")
    )
    assert small["sample_size"] == large["sample_size"] == 16
    assert (small["in_channels"], large["in_channels"]) == (8, 24)
