"""Weights of ours and of spandrel's architectures opened, and what is wrong with others said."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from studio.api import Image, Model, ModelError
from studio.app import Studio
from studio.graph import parse_graph
from studio.testing import TestContext
from studio_diffusion.opener import DiffusionOpener
from studio_upscale.nodes.images import enlarge_image, restore_image
from studio_upscale.opener import UpscaleOpener
from tests.plugins.studio_upscale.tiny_networks import ARCHITECTURES, write_compact, write_spandrel

ANY = Model("file:weights.safetensors")


def _open(path: Path, model: Model = ANY) -> Any:
    opener = UpscaleOpener()
    assert opener.can_open(path, model)
    return opener.open(path, model, device="cpu", dtype="float32", parts={})


_DIFFUSION = ("model.diffusion_model.input_blocks.0.0", "first_stage_model.decoder.conv_in", "cond_stage_model.x",
              "double_blocks.0.img_attn.qkv", "lora_unet_down_blocks_0.lora_up", "transformer_blocks.0.attn.to_q",
              "decoder.conv_in", "encoder.conv_in", "conv_in", "down_blocks.0.resnets.0.conv1", "proj_in",
              "text_model.embeddings.token_embedding")  # fmt: skip


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_architectures_of_spandrel_enlarge_or_restore(name: str, tmp_path: Path) -> None:
    scale = ARCHITECTURES[name][1]
    opened = _open(write_spandrel(tmp_path / "net.safetensors", name))
    ctx = TestContext(models={"builtin:net": opened})
    model = Model("builtin:net")

    assert opened.scales == (scale,)
    assert UpscaleOpener().measure(opened) > 0
    for channels in (3, 1):
        image = Image(np.random.default_rng(0).integers(0, 256, (21, 18, channels)).astype(np.uint8))
        made = (
            enlarge_image(ctx, image, scale=scale, model=model) if scale > 1 else restore_image(ctx, image, model=model)
        )
        assert made.stored.shape == (21 * scale, 18 * scale, channels)


def test_an_image_of_one_pixel_goes_through_attention_windows(tmp_path: Path) -> None:
    ctx = TestContext(models={"builtin:net": _open(write_spandrel(tmp_path / "net.safetensors", "SwinIR"))})

    made = enlarge_image(ctx, Image(np.zeros((1, 1, 3), np.uint8)), model=Model("builtin:net"))

    assert made.stored.shape == (2, 2, 3)


def test_our_own_weights_are_opened_and_measured(tmp_path: Path) -> None:
    opened = _open(write_compact(tmp_path / "net.safetensors"))

    assert opened.scales == (2, 3, 4)
    assert opened.reach == 5
    assert UpscaleOpener().measure(opened) == 4 * sum(
        parameter.numel() for parameter in opened._networks[2].parameters()
    )


def test_a_gauge_whose_numbers_overflow_says_that_all_is_as_likely(tmp_path: Path) -> None:
    opened = _open(
        write_compact(tmp_path / "net.safetensors", coded=True, spoil=lambda tensors: tensors["gauge.last"].fill_(3e38))
    )

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image = np.random.default_rng(0).random((64, 64, 3)).astype(np.float32)
        assert opened.inspect(image, 2) == pytest.approx((0.25,))


def test_load_options_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        _open(write_compact(tmp_path / "net.safetensors"), Model("file:net", (("half", True),)))

    assert caught.value.code == "E694"


@pytest.mark.parametrize("name", [*ARCHITECTURES, "ours"])
def test_the_opener_of_diffusion_models_leaves_these_weights_alone(name: str, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    write_compact(path) if name == "ours" else write_spandrel(path, name)

    assert not DiffusionOpener().can_open(path, ANY)


def test_single_files_of_diffusion_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    for index in range(len(_DIFFUSION)):
        save_file({f"{key}.weight": torch.zeros(8, 8, 3, 3) for key in _DIFFUSION[: index + 1]}, path)
        assert not UpscaleOpener().can_open(path, ANY)


def test_files_and_folders_that_are_no_networks_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "empty.safetensors").write_bytes(b"")
    (tmp_path / "text.safetensors").write_bytes(b"\x05\0\0\0\0\0\0\0[1,2]")
    save_file({"a.weight": torch.zeros(2, 2)}, tmp_path / "other.safetensors")

    for path in (tmp_path, *tmp_path.iterdir()):
        assert not UpscaleOpener().can_open(path, ANY)


def test_truncated_weights_and_pickles_are_refused_before_anything_loads(tmp_path: Path) -> None:
    whole = write_compact(tmp_path / "whole.safetensors").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(whole[:-9])
    torch.save({"a": torch.zeros(2)}, tmp_path / "net.pth")
    found = {}
    with Studio(on_disk=False) as studio:
        for name in ("cut.safetensors", "net.pth"):
            with (
                pytest.raises(ModelError) as caught,
                studio.models.open(Model(f"file:{tmp_path / name}"), studio.device),
            ):
                pass
            found[name] = caught.value

    assert found["cut.safetensors"].code == "E605"
    assert found["net.pth"].code == "E604"
    assert "save_file" in str(found["net.pth"].hint)


@pytest.mark.parametrize(
    ("node", "name", "kinds"),
    [
        ("image", "mini-sketch", "pipeline or upscaler"),
        ("restore", "mini", "upscaler"),
        ("image", "mini", ""),
        ("image", "compact", ""),
        ("restore", "compact-restore", ""),
    ],
)
def test_a_model_of_another_kind_is_found_by_validate(node: str, name: str, kinds: str) -> None:
    inputs = {"image": {"from": "inputs.i"}, "model": f"builtin:{name}"}
    nodes = {"u": {"type": f"upscale.{node}", "inputs": inputs}}
    graph = {"studio": 1, "inputs": {"i": {"type": "image"}}, "nodes": nodes, "outputs": {"o": {"from": "u"}}}

    with Studio(on_disk=False) as studio:
        messages = [one.message for one in studio.validate(parse_graph(graph)) if one.code == "E600"]

    assert [message.partition("takes a ")[2] for message in messages] == [kinds] * bool(kinds)
