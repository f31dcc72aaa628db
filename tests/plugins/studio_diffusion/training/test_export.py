"""What ships of a training replaces the weights of the plugin whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from studio.runtime.weights import compare_digests
from studio_diffusion.training.controlnet import create_controlnet
from studio_diffusion.training.export import MOST_BYTES, install
from studio_diffusion.training.generator import create_generator
from studio_diffusion.training.slices import Averaged, load_averaged, save_checkpoint

pytestmark = pytest.mark.xdist_group("diffusers")


def write_weights(folder: Path, text: str, names: tuple[str, ...] = ("mini", "mini_sketch")) -> None:
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "config.json").write_text(text, encoding="utf-8")


def test_installed_weights_are_the_new_ones_alone_and_fit_their_digests(tmp_path: Path) -> None:
    ship, weights = tmp_path / "ship", tmp_path / "weights"
    write_weights(ship, "{}")
    write_weights(weights, '{"old": 1}')
    (ship / "mini" / "README.md").write_text("# mini", encoding="utf-8")
    (weights / "mini" / "left_over.json").write_text("{}", encoding="utf-8")
    (weights / "mini_enlarger.safetensors").write_bytes(b"old")

    install(ship, weights)

    assert (weights / "mini" / "config.json").read_text(encoding="utf-8") == "{}"
    assert {path.name for path in weights.iterdir()} == {
        "mini", "mini.blake3.txt", "mini_sketch", "mini_sketch.blake3.txt",
    }  # fmt: skip
    assert compare_digests(weights / "mini") == compare_digests(weights / "mini_sketch") == []


@pytest.mark.parametrize("fault", ["a part is missing", "too large"])
def test_nothing_is_replaced_by_weights_that_cannot_ship(fault: str, tmp_path: Path) -> None:
    ship, weights = tmp_path / "ship", tmp_path / "weights"
    write_weights(ship, "{}", ("mini",) if fault == "a part is missing" else ("mini", "mini_sketch"))
    write_weights(weights, '{"old": 1}')
    if fault == "too large":
        with (ship / "mini_enlarger.safetensors").open("wb") as file:
            file.truncate(MOST_BYTES)

    with pytest.raises(SystemExit, match=r"missing mini_sketch|at most 60000000"):
        install(ship, weights)

    assert (weights / "mini" / "config.json").read_text(encoding="utf-8") == '{"old": 1}'


def test_the_averaged_weights_of_a_checkpoint_are_found_again(tmp_path: Path) -> None:
    layer, other = torch.nn.Linear(2, 3), torch.nn.Linear(2, 3)
    averaged = Averaged(layer.parameters())
    torch.nn.init.zeros_(layer.weight)
    save_checkpoint(tmp_path / "stage", {"layer": layer}, [], averaged, {"step": 1})

    assert not load_averaged(tmp_path / "none", other.parameters())
    assert load_averaged(tmp_path / "stage", other.parameters())
    assert torch.equal(other.weight, averaged.tensors[0])
    assert bool(other.weight.any())


def test_a_controlnet_leaves_the_configuration_of_its_transformer_alone() -> None:
    transformer = create_generator(64, 3)

    network = create_controlnet(transformer, 1)

    assert (transformer.config.num_layers, network.config.num_layers) == (3, 1)
