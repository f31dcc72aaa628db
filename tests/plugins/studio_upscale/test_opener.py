"""Weights of ours and of spandrel's architectures opened, and what is wrong with others said."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from studio.api import Image, Model, ModelError
from studio.app import Studio
from studio.testing import TestContext
from studio_diffusion.opener import DiffusionOpener
from studio_upscale.nodes.images import enlarge_image, restore_image
from studio_upscale.opener import UpscaleOpener
from studio_upscale.weights_file import KEY
from tests.plugins.studio_upscale.tiny_networks import ARCHITECTURES, write_compact, write_spandrel

ANY = Model("file:weights.safetensors")


def _open(path: Path, model: Model = ANY) -> Any:
    opener = UpscaleOpener()
    assert opener.can_open(path, model)
    return opener.open(path, model, device="cpu", dtype="float32", parts={})


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


def test_the_fast_network_interpolates_colors_alone(tmp_path: Path) -> None:
    slow, fast = (_open(write_compact(tmp_path / f"{flag}.safetensors", fast=flag)) for flag in (False, True))
    image = np.random.default_rng(0).random((1, 12, 12, 3), np.float32)
    grey = image[..., :1].repeat(3, axis=3)

    assert np.abs(slow.run(image, 2) - fast.run(image, 2)).max() > 1e-3
    assert np.abs(slow.run(image[..., :1], 2) - fast.run(image[..., :1], 2)).max() == 0
    assert np.abs(fast.run(grey, 2)[..., 0] - fast.run(grey[..., :1], 2)[..., 0]).max() < 1e-5


def _smooth(pixels: Any) -> Any:
    return (pixels + np.roll(pixels, 1, 0) + np.roll(pixels, 1, 1) + np.roll(pixels, (1, 1), (0, 1))) / 4


def test_a_coded_network_is_told_of_the_whole_image_and_not_of_the_tile(tmp_path: Path) -> None:
    opened = _open(write_compact(tmp_path / "net.safetensors", coded=True))
    sharp = np.random.default_rng(0).random((64, 64, 3)).astype(np.float32)
    half = np.concatenate([sharp, _smooth(_smooth(sharp))])

    seen = [opened.inspect(image, 2) for image in (sharp, _smooth(_smooth(sharp)), half)]
    model, ctx = Model("builtin:net"), TestContext(models={"builtin:net": opened})
    whole = enlarge_image(ctx, Image(half), model=model).pixels
    tiled = enlarge_image(ctx, Image(half), model=model, tile=48, overlap=16).pixels

    assert len({round(each, 3) for (each,) in seen}) == 3
    assert np.abs(opened.run(sharp[None], 2, [[0.0]]) - opened.run(sharp[None], 2, [[1.0]])).max() > 1e-4
    assert np.abs(whole - tiled).max() < 1e-5


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_self_ensemble_does_not_mind_turns_and_mirrors(tmp_path: Path, channels: int) -> None:
    opened = _open(write_compact(tmp_path / "net.safetensors", coded=True))
    ctx = TestContext(models={"builtin:net": opened})
    image = np.random.default_rng(0).integers(1, 256, (30, 44, channels)).astype(np.uint8)

    def run(pixels: Any, self_ensemble: bool) -> Any:
        made = enlarge_image(ctx, Image(pixels), model=Model("builtin:net"), self_ensemble=self_ensemble)
        return made.stored.astype(int)

    turned = np.rot90(image[:, ::-1])
    back = np.rot90(run(turned, True), -1)[:, ::-1]
    assert np.abs(back - run(image, True)).max() <= 1
    assert np.abs(np.rot90(run(turned, False), -1)[:, ::-1] - run(image, False)).max() > 1


def test_an_image_that_was_enlarged_before_is_not_looked_at(tmp_path: Path) -> None:
    opened = _open(write_compact(tmp_path / "net.safetensors", coded=True))
    seen: list[tuple[int, ...]] = []
    opened.inspect = lambda image, scale: seen.append((*image.shape, scale)) or (0.1,)

    enlarge_image(
        TestContext(models={"builtin:net": opened}),
        Image(np.ones((30, 20, 3), np.uint8)),
        scale=8,
        model=Model("builtin:net"),
    )

    assert seen == [(30, 20, 3, 2)]
    assert opened.describe_enlarged(4) == (0.25,)


SPOILED_GAUGES: dict[str, Any] = {
    "another shape": lambda tensors: tensors.update({"gauge.mean": torch.zeros(4)}),
    "none": lambda tensors: tensors.pop("gauge.mean"),
    "no members": lambda tensors: tensors.update({"gauge.first": torch.zeros(0, 2, 131)}),
    "a number": lambda tensors: tensors.update({"gauge.first": torch.zeros(())}),
    "no deviation": lambda tensors: tensors["gauge.deviation"].zero_(),
    "less than no temperature": lambda tensors: tensors["gauge.temperature"].neg_(),
}


@pytest.mark.parametrize("kind", SPOILED_GAUGES)
def test_a_damaged_gauge_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ModelError) as caught:
        _open(write_compact(tmp_path / "net.safetensors", coded=True, spoil=SPOILED_GAUGES[kind]))

    assert caught.value.code == "E690"
    assert kind != "none" or "'gauge.mean' is missing" in str(caught.value)


def test_a_gauge_whose_numbers_overflow_says_that_all_is_as_likely(tmp_path: Path) -> None:
    opened = _open(
        write_compact(tmp_path / "net.safetensors", coded=True, spoil=lambda tensors: tensors["gauge.last"].fill_(3e38))
    )

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image = np.random.default_rng(0).random((64, 64, 3)).astype(np.float32)
        assert opened.inspect(image, 2) == pytest.approx((0.25,))


@pytest.mark.parametrize(
    ("key", "value"),
    [("width", -1), ("width", float("inf")), ("blocks", 10**9), ("coded", 7), ("scales", []), ("scales", [10**6])],
)
def test_a_description_that_makes_no_sense_is_refused(tmp_path: Path, key: str, value: Any) -> None:
    path = write_compact(tmp_path / "net.safetensors", coded=True)
    tensors, facts = load_file(path), {"width": 8, "blocks": 1, "coded": 1, "scales": [2, 3, 4], "prefix": "net."}
    save_file(tensors, path, metadata={KEY: json.dumps({"networks": [facts | {key: value}], "fast": False})})

    with pytest.raises(ModelError) as caught:
        _open(path)

    assert caught.value.code == "E690"
    assert "invalid description" in str(caught.value)


def _set_nan(tensors: dict[str, Any]) -> None:
    next(iter(tensors.values())).view(-1)[0] = float("nan")


def _set_infinite(tensors: dict[str, Any]) -> None:
    list(tensors.values())[-1].view(-1)[0] = float("inf")


@pytest.mark.parametrize("spoil", [_set_nan, _set_infinite])
def test_weights_with_nan_or_infinity_are_refused(tmp_path: Path, spoil: Any) -> None:
    for path in (
        write_compact(tmp_path / "a.safetensors", spoil=spoil),
        write_spandrel(tmp_path / "b.safetensors", "Compact", spoil),
    ):
        with pytest.raises(ModelError) as caught:
            _open(path)
        assert caught.value.code == "E691"


def _drop_one(tensors: dict[str, Any]) -> None:
    del tensors[next(name for name in tensors if "body" in name and "2" in name)]


def _reshape_one(tensors: dict[str, Any]) -> None:
    name = next(name for name in tensors if name.endswith("weight") and "body" in name)
    tensors[name] = torch.zeros(3, 3)


@pytest.mark.parametrize("spoil", [_drop_one, _reshape_one])
def test_weights_that_do_not_fit_their_architecture_are_refused(tmp_path: Path, spoil: Any) -> None:
    with pytest.raises(ModelError) as caught:
        _open(write_spandrel(tmp_path / "net.safetensors", "Compact", spoil))

    assert caught.value.code == "E690"
    assert "Compact" in caught.value.message


@pytest.mark.parametrize("spoil", [_reshape_one, lambda tensors: tensors.clear()])
def test_our_own_weights_that_are_incomplete_are_refused(tmp_path: Path, spoil: Any) -> None:
    with pytest.raises(ModelError) as caught:
        _open(write_compact(tmp_path / "net.safetensors", spoil=spoil))

    assert caught.value.code == "E690"


@pytest.mark.parametrize("facts", ["{", "[]", "{}", '{"networks": []}', '{"networks": [{"width": -1}]}'])
def test_descriptions_that_are_none_are_refused(tmp_path: Path, facts: str) -> None:
    path = tmp_path / "net.safetensors"
    save_file({"a": torch.zeros(1)}, path, metadata={"studio_upscale": facts})

    with pytest.raises(ModelError) as caught:
        _open(path)

    assert caught.value.code == "E690"


def test_load_options_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        _open(write_compact(tmp_path / "net.safetensors"), Model("file:net", (("half", True),)))

    assert caught.value.code == "E694"


@pytest.mark.parametrize("name", [*ARCHITECTURES, "ours"])
def test_the_opener_of_diffusion_models_leaves_these_weights_alone(name: str, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    write_compact(path) if name == "ours" else write_spandrel(path, name)

    assert not DiffusionOpener().can_open(path, ANY)


_DIFFUSION = ("model.diffusion_model.input_blocks.0.0", "first_stage_model.decoder.conv_in", "cond_stage_model.x",
              "double_blocks.0.img_attn.qkv", "lora_unet_down_blocks_0.lora_up", "transformer_blocks.0.attn.to_q",
              "decoder.conv_in", "encoder.conv_in", "conv_in", "down_blocks.0.resnets.0.conv1", "proj_in",
              "text_model.embeddings.token_embedding")  # fmt: skip


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


def test_spandrel_loads_without_torchvision_and_leaves_no_stand_in() -> None:
    code = (
        "import sys; from studio_upscale.spandrel_import import import_spandrel; import_spandrel();"
        "print([n for n in sys.modules if n.startswith('torchvision')])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
