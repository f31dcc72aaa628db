"""The recipe of the small model, on made-up artwork: it runs, it stops and goes on, and a seed repeats."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from studio_diffusion.training import evaluate, inspection
from studio_diffusion.training.artwork import Artwork
from studio_diffusion.training.judge import Judge
from studio_diffusion.training.scenes import Scene, Scenes, Thing, is_held_out
from studio_diffusion.training.sketches import trace_sketch
from studio_diffusion.training.trials import make_test_scenes
from studio_diffusion.training.vocabulary import COLORS, SHAPES, SIZES, load_concepts

pytestmark = pytest.mark.xdist_group("diffusers")
WORDS = list(load_concepts(12))
WEIGHTS = "diffusion_pytorch_model.safetensors"
FINISH = ("--finish-steps", "3", "3", "--enlarger-batch", "2")


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
    assert inspection.name_color(inspection.find_background(picture)) == "blue"
    assert inspection.name_thing_color(picture) == "red"
    assert inspection.is_at(picture, "on the left")
    assert not inspection.is_at(picture, "on the right")


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


def test_the_test_prompts_never_change() -> None:
    words = list(load_concepts(160))
    scenes = make_test_scenes(words)

    assert len(scenes) == 280
    assert scenes[0].prompt == "a truck"
    assert scenes == make_test_scenes(words)
    assert sum(scene.kind == "unseen color" for scene in scenes) == 30


def test_drawn_scenes_reach_the_ceiling_of_the_measures_and_blank_pictures_reach_nothing(data: Path) -> None:
    art = Artwork(data)
    scenes = [s for s in make_test_scenes(WORDS) if s.kind in ("position", "size", "background")]
    drawn = [art.draw(scene) for scene in scenes]
    blank = np.full((64, 64, 3), 255, np.uint8)

    for scene, picture in zip(scenes, drawn, strict=True):
        if scene.kind == "position":
            assert inspection.is_at(picture, scene.labels["where"])
            assert not inspection.is_at(blank, scene.labels["where"])
        elif scene.kind == "size":
            assert inspection.has_size(picture, picture, scene.labels["size"])
            assert not inspection.has_size(blank, picture, scene.labels["size"])
        else:
            assert inspection.name_color(inspection.find_background(picture)) == scene.background


def test_the_artwork_itself_reaches_the_ceiling_and_other_prompts_the_floor(data: Path) -> None:
    art = Artwork(data)
    words = list(load_concepts(40))
    scenes = {scene.prompt: scene for scene in make_test_scenes(words)}
    judge = Judge(words, 64).eval()

    found = evaluate.evaluate(
        lambda prompts, seed: np.stack([art.draw(scenes[p]) for p in prompts]), words, art, judge, "cpu"
    )

    scores, ceiling, floor = found["scores"], found["ceiling"], found["floor"]
    assert scores == ceiling
    assert [scores[name] for name in ("place", "gradient", "position", "size", evaluate.SHARPNESS)] == [1] * 5
    assert floor["place"] < 0.2
    assert floor["gradient"] < 0.4
    assert floor[evaluate.SHARPNESS] < 0.5
    assert found["difference between seeds"] == 0
    assert scores.keys() >= {"count", "thing counted, top-1", "thing in a place, top-1", "thing by a synonym, top-1"}


def test_the_floor_takes_the_picture_of_another_prompt_of_the_same_kind() -> None:
    scenes = make_test_scenes(WORDS)

    others = evaluate.shuffle_by_kind(scenes)

    assert sorted(others) == list(range(len(scenes)))
    assert all(scenes[other].kind == scene.kind for scene, other in zip(scenes, others, strict=True))
    assert not any(other == number for number, other in enumerate(others))


def test_a_thing_of_the_usual_size_is_neither_small_nor_large(data: Path) -> None:
    art = Artwork(data)
    usual, small, large = (art.draw(Scene("", (Thing("cat", "", SIZES[s]),))) for s in ("", "small", "large"))

    assert not inspection.has_size(usual, small, "small")
    assert not inspection.has_size(usual, large, "large")


def test_edges_of_a_picture_follow_its_own_sketch_and_not_another(data: Path) -> None:
    art = Artwork(data)
    here, there = (art.draw(Scene("", (Thing("cat", "", 0.4, x, x),))) for x in (0.25, 0.75))

    own = inspection.compute_edge_score(here, trace_sketch(here))

    assert own > 0.99
    assert inspection.compute_edge_score(here, trace_sketch(there)) < 0.1
    assert inspection.compute_edge_score(np.full((64, 64, 3), 255, np.uint8), trace_sketch(here)) == 0


def test_a_pair_is_taken_apart_in_the_order_of_the_words(data: Path) -> None:
    red, blue = Thing("cat", "red", 0.49, 0.75, 0.5), Thing("dog", "blue", 0.49, 0.25, 0.5)
    picture = Artwork(data).draw(Scene("a red cat to the right of a blue dog", (red, blue)))

    first, second = inspection.split_pair(picture, "to the right of")

    assert inspection.name_thing_color(first) == "red"
    assert inspection.name_thing_color(second) == "blue"


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
    try:
        main(["--data", str(data), "--out", str(out), *small, *budget, "--stage", *stages, *more])
    finally:
        torch.set_flush_denormal(False)  # a training computes without the smallest numbers, other tests do not
    path = out / "report.json"
    report: dict[str, object] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return report


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_stage_runs_and_what_ships_loads_in_stock_pipelines(data: Path, tmp_path: Path) -> None:
    from diffusers import DiffusionPipeline

    stages = ["autoencoder", "generator", "details", "controlnet", "judge", "evaluate", "export"]
    report = _train(data, tmp_path, stages, (3, 3, 2), "--details-steps", "2")
    _train(data, tmp_path, ["decoder", "enlarger", "export"], (3, 3, 2), *FINISH)

    pipeline = DiffusionPipeline.from_pretrained(tmp_path / "ship" / "mini", text_encoder_3=None, tokenizer_3=None)
    pipeline.set_progress_bar_config(disable=True)
    picture = pipeline("a red cat", num_inference_steps=2, height=64, width=64, max_sequence_length=16).images[0]
    facts = json.loads((tmp_path / "ship" / "mini" / "studio.json").read_text(encoding="utf-8"))
    card = (tmp_path / "ship" / "mini" / "README.md").read_text(encoding="utf-8")
    assert picture.size == (64, 64)
    assert set(facts["words"]) >= set(WORDS)
    assert "| thing, top-1 |" in card
    assert "$" not in card
    assert report["details"]["steps"] == 2  # type: ignore[index]
    assert report["evaluate"]["prompts"] > 200  # type: ignore[index]
    assert not list((tmp_path / "ship").rglob("*.bin"))
    assert (tmp_path / "ship" / "mini_enlarger.safetensors").stat().st_size < 1_500_000


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


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_decoder_and_enlarger_resume_to_the_same_weights_and_leave_the_encoder(data: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    _train(data, tmp_path / "start", ["autoencoder", "judge"], (2, 0, 0))
    for name, slices in (("whole", [0]), ("sliced", [2, 0])):
        shutil.copytree(tmp_path / "start", tmp_path / name)
        for stage in ("decoder", "enlarger"):
            for slice_steps in slices:
                _train(data, tmp_path / name, [stage], (2, 0, 0), *FINISH, "--slice-steps", str(slice_steps))

    whole, sliced = tmp_path / "whole", tmp_path / "sliced"
    for file in (f"vae_crisp/{WEIGHTS}", "enlarger.safetensors"):
        first, second = load_file(whole / file), load_file(sliced / file)
        assert all((first[key] == second[key]).all() for key in first)
    before, after = load_file(whole / "vae" / WEIGHTS), load_file(whole / "vae_crisp" / WEIGHTS)
    changed = {key.split(".")[0] for key in before if (before[key] != after[key]).any()}
    assert changed == {"decoder"}
    report = json.loads((whole / "report.json").read_text(encoding="utf-8"))
    assert report["decoder"].keys() >= {"psnr", "sharpness", "psnr before", "sharpness before"}
    assert report["enlarger"].keys() >= {"psnr", "sharpness", "psnr, interpolated", "sharpness, interpolated"}


def test_two_trainings_in_one_folder_keep_what_both_report(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio_diffusion.training import train

    report = tmp_path / "report.json"
    report.write_text('{"autoencoder": {"steps": 3}}', encoding="utf-8")

    def evaluate_while_the_decoder_ends(*_: object) -> dict[str, int]:
        report.write_text('{"autoencoder": {"steps": 3}, "decoder": {"steps": 2}}', encoding="utf-8")
        return {"prompts": 240}

    monkeypatch.setitem(train._STAGES, "evaluate", evaluate_while_the_decoder_ends)

    made = _train(data, tmp_path, ["evaluate"], (0, 0, 0))

    assert made == {"autoencoder": {"steps": 3}, "decoder": {"steps": 2}, "evaluate": {"prompts": 240}}
