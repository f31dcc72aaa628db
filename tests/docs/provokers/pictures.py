"""Provokers of E61x and E62x, diffusion, of E68x, style, of E69x, upscaling and training, and of texts."""

from __future__ import annotations

import importlib.util
import json
import shutil
import socket
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from studio.api import Mask, Model
from studio.app import Studio
from studio.settings import Settings
from studio.testing import TestContext
from studio_text.settings import TextSettings
from tests.docs.provokers.media import make_image, make_video
from tests.docs.provokers.place import Place, provokes
from tests.plugins.studio_text.chat import serve_chat

ROOT = Path(__file__).parents[3]
ASKED = {"prompt": "Why?", "model": "tiny"}


def write_pipeline(place: Place, kind: str = "sd15", **options: Any) -> Path:
    """Write a tiny pipeline with random weights."""
    from tests.plugins.studio_diffusion import tiny_pipelines

    path: Path = getattr(tiny_pipelines, f"write_tiny_{kind}")(place.folder / kind, **options)
    return path


def write_mini(place: Place) -> Path:
    """Write a tiny pipeline of the kind of the model in the box."""
    size = {"width": 32, "height": 32, "max_sequence_length": 16}
    return write_pipeline(place, "sd3", t5=False, channels=8, steps=2, guidance_scale=2.0, words=["apple"], **size)


def open_pipeline(path: Path, **options: Any) -> Any:
    """Open a pipeline."""
    from studio_diffusion.opener import DiffusionOpener

    model = Model(f"file:{path}", tuple(options.items()))
    return DiffusionOpener().open(path, model, device="cpu", dtype="float32", parts={})


def lease(*paths: Path, **named: Path) -> TestContext:
    """Return a context that leases pipelines by their paths, and others as `builtin:NAME`."""
    opened = {f"file:{path}": open_pipeline(path) for path in paths}
    return TestContext(models=opened | {f"builtin:{name}": open_pipeline(path) for name, path in named.items()})


def change_index(folder: Path, **entries: Any) -> None:
    """Change what a pipeline says of itself."""
    path = folder / "model_index.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | entries), encoding="utf-8")


@provokes("E610")
def _(place: Place) -> Any:
    (write_pipeline(place) / "unet").rename(place.folder / "unet")
    open_pipeline(Path("unet"))


@provokes("E611")
def _(place: Place) -> Any:
    folder = write_pipeline(place).rename(place.folder / "dir")
    change_index(folder, _class_name=["mine", "MyPipeline"])
    open_pipeline(Path("dir"))


@provokes("E612")
def _(place: Place) -> Any:
    folder = write_pipeline(place).rename(place.folder / "dir")
    shutil.rmtree(folder / "vae")
    open_pipeline(Path("dir"))


@provokes("E613")
def _(place: Place) -> Any:
    weights = write_pipeline(place) / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    open_pipeline(weights.parents[1])


@provokes("E614")
def _(place: Place) -> Any:
    names = (
        "model.diffusion_model.input_blocks.0.0.weight",
        "first_stage_model.encoder.conv_in.weight",
        "cond_stage_model.transformer.text_model.final_layer_norm.weight",
    )
    save_file({name: np.zeros((4, 4), np.float32) for name in names}, place.folder / "model.safetensors")
    open_pipeline(Path("model.safetensors"))


@provokes("E615")
def _(place: Place) -> Any:
    folder = write_pipeline(place, "flux")
    place.patch.setattr(importlib.util, "find_spec", lambda name: None)
    place.write("flux.gguf", b"GGUF")
    open_pipeline(Path("flux.gguf"), base=f"file:{folder}")


@provokes("W610")
def _(place: Place) -> Any:
    inputs = {"prompt": "an apple on a brick", "model": f"file:{write_mini(place)}"}
    return place.validate({"n": {"type": "diffusion.text_to_image", "inputs": inputs}})


@provokes("E616")
def _(place: Place) -> Any:
    place.call("diffusion.text_to_image", lease(mini=write_mini(place)), "apple", sampler="ddim")


@provokes("E617")
def _(place: Place) -> Any:
    from tests.plugins.studio_diffusion.tiny_pipelines import write_tiny_controlnet

    folder, other = write_pipeline(place), write_pipeline(place, "sdxl")
    net = write_tiny_controlnet(place.folder / "net", folder)
    ctx = lease(net, other)
    place.call(
        "diffusion.sketch_to_image",
        ctx,
        make_image(32, 32),
        "apple",
        model=Model(f"file:{other}"),
        controlnet=Model(f"file:{net}"),
    )


@provokes("E618")
def _(place: Place) -> Any:
    from studio_diffusion.lora import apply_loras

    name = "unet.down_blocks.9.attentions.0.proj_in.lora_{}.weight"
    tensors = {name.format("A"): np.zeros((2, 9), np.float32), name.format("B"): np.zeros((9, 2), np.float32)}
    save_file(tensors, place.folder / "ink.safetensors")
    model, lora = open_pipeline(write_pipeline(place)), open_pipeline(Path("ink.safetensors"))
    with apply_loras(model.for_task("text_to_image"), [(lora, 1.0)]):
        pass


@provokes("E619")
def _(place: Place) -> Any:
    open_pipeline(write_pipeline(place), varient="fp16")


@provokes("E620")
def _(place: Place) -> Any:
    mask = Mask(np.ones((16, 16), np.float32))
    place.call("diffusion.inpaint", lease(mini=write_mini(place)), make_image(64, 64), mask, "apple")


@provokes("E621")
def _(place: Place) -> Any:
    place.call("diffusion.text_to_image", lease(mini=write_mini(place)), "apple", width=4096, height=4096)


@provokes("E622")
def _(place: Place) -> Any:
    ctx = lease(mini=write_mini(place))
    ctx.models["builtin:mini"].pipeline.vae.decoder.conv_out.weight.data.fill_(float("nan"))
    place.call("diffusion.text_to_image", ctx, "apple", steps=1)


@provokes("E623")
def _(place: Place) -> Any:
    path = write_pipeline(place, "lumina2")
    place.call("diffusion.encode_prompt", lease(path), "apple", model=Model(f"file:{path}"))


@provokes("E624")
def _(place: Place) -> Any:
    path = write_pipeline(place)
    ctx = lease(path, mini=write_mini(place))
    place.call("diffusion.decode_latent", ctx, place.call("diffusion.empty_latent", ctx, model=Model(f"file:{path}")))


@provokes("E625")
def _(place: Place) -> Any:
    loras = [Model(f"file:{name}") for name in "abc"]
    place.call("diffusion.text_to_image", lease(mini=write_mini(place)), "apple", loras=loras, lora_scales=[1.0, 1.0])


@provokes("E626")
def _(place: Place) -> Any:
    from tests.plugins.studio_diffusion.tiny_pipelines import write_tiny_sd3_controlnet

    mini = write_mini(place)
    ctx = lease(**{"mini": mini, "mini-sketch": write_tiny_sd3_controlnet(place.folder / "net", mini)})
    place.call("diffusion.sketch_to_image", ctx, make_image(32, 32), "apple", control_start=0.5, control_end=0.5)


@provokes("E627")
def _(place: Place) -> Any:
    ctx = lease(mini=write_mini(place))
    one, two = (place.call("diffusion.empty_latent", ctx, width=side, height=side) for side in (64, 32))
    place.call("diffusion.blend_latents", ctx, one, two)


@provokes("E629")
def _(place: Place) -> Any:
    from studio.runtime.devices import Device

    with Studio(Settings(vram_bytes=1000, ram_bytes=10**7, cache_dir=place.folder / "cache")) as studio:
        studio.models.open(Model("builtin:mini"), Device("cuda:0", "bfloat16")).__enter__()


@provokes("E680")
def _(place: Place) -> Any:
    place.call("style.transfer", TestContext(), make_image(8, 8), make_image(8, 8), method="neural")


@provokes("E681")
def _(place: Place) -> Any:
    from studio_style.networks.vgg import load_features
    from tests.plugins.studio_style.tiny_networks import make_vgg_tensors

    tensors = make_vgg_tensors()
    del tensors["features.5.bias"]
    load_features(tensors)


@provokes("E682")
def _(place: Place) -> Any:
    image = make_image(8, 8)
    place.call("style.transfer", TestContext(), image, image, more_styles=[image], style_weights=[1.0])


@provokes("E683")
def _(place: Place) -> Any:
    import torch

    from studio_style.networks.adain import load_network
    from tests.plugins.studio_style.tiny_networks import make_adain_tensors

    network = load_network(make_adain_tensors())
    with torch.no_grad():
        network.decoder[28].weight.fill_(torch.inf)
    model, image = Model("file:adain.safetensors"), make_image(32, 32)
    place.call(
        "style.transfer", TestContext(models={model.reference: network}), image, image, method="adain", model=model
    )


@provokes("E684")
def _(place: Place) -> Any:
    return place.run(
        {
            "a": ("style.colorize", {"image": {"from": "i"}, "scribbles": {"from": "i"}}),
            "i": ("image.new", {"width": 16, "height": 16}),
        }
    )


@provokes("E685")
def _(place: Place) -> Any:
    place.call(
        "style.colorize_video", TestContext(), make_video(), [make_image(16, 16), make_image(16, 16)], at_seconds=[0.0]
    )


def open_upscaler(path: Path, *options: tuple[str, Any]) -> Any:
    """Open a network that enlarges."""
    from studio_upscale.opener import UpscaleOpener

    return UpscaleOpener().open(path, Model(f"file:{path}", options), device="cpu", dtype="float32", parts={})


def write_upscaler(place: Place, spoil: Any = None) -> Path:
    """Write a tiny network that enlarges, and return its path seen from the current folder."""
    from tests.plugins.studio_upscale.tiny_networks import write_compact

    write_compact(place.folder / "x4.safetensors", **({"spoil": spoil} if spoil else {}))
    return Path("x4.safetensors")


@provokes("E690")
def _(place: Place) -> Any:
    open_upscaler(write_upscaler(place, lambda tensors: tensors.clear()))


@provokes("E691")
def _(place: Place) -> Any:
    def spoil(tensors: dict[str, Any]) -> None:
        list(tensors.values())[-1].view(-1)[0] = float("nan")

    open_upscaler(write_upscaler(place, spoil))


@provokes("E692")
def _(place: Place) -> Any:
    nodes = {"a": ("upscale.image", {"image": {"from": "i"}, "model": "builtin:compact-restore"})}
    return place.run(nodes | {"i": ("image.new", {"width": 8, "height": 8})})


@provokes("E693")
def _(place: Place) -> Any:
    from studio_upscale.upscaler import Upscaler

    class Broken(Upscaler):
        scales, reach, name = (2,), 0, "ESRGAN"

        def _run(self, images: Any, scale: int, seen: Any) -> Any:
            return np.full((1, 16, 16, 3), np.nan, np.float32)

    place.call("upscale.image", TestContext(models={"builtin:compact": Broken()}), make_image(8, 8))


@provokes("E694")
def _(place: Place) -> Any:
    open_upscaler(write_upscaler(place), ("half", True))


@provokes("E695")
def _(place: Place) -> Any:
    nodes = {"a": ("upscale.image", {"image": {"from": "i"}, "look": "crisp", "model": "builtin:compact"})}
    return place.run(nodes | {"i": ("image.new", {"width": 8, "height": 8})})


@provokes("E679")
def _(place: Place) -> Any:
    pictures = [{"from": "i"}, {"from": "j"}]
    nodes = {"a": ("scenes.compose", {"things": pictures, "names": ["a", "b"]})}
    nodes["i"] = ("image.new", {"width": 8, "height": 8, "channels": "rgba"})
    return place.run(nodes | {"j": ("image.new", {"width": 8, "height": 8})})


@provokes("E677")
def _(place: Place) -> Any:
    nodes = {"a": ("scenes.draw_labels", {"image": {"from": "i"}, "labels": {}})}
    return place.validate(nodes | {"i": ("image.new", {"width": 8, "height": 8})})


@provokes("E678")
def _(place: Place) -> Any:
    nodes = {"a": ("scenes.write", {"images": [{"from": "i"}], "labels": [[]], "path": "set.tar"})}
    return place.validate(nodes | {"i": ("image.new", {"width": 8, "height": 8})})


@provokes("E696")
def _(place: Place) -> Any:
    nodes = {"a": ("train.lora", {"images": [{"from": "i"}]}), "i": ("image.new", {"width": 8, "height": 8})}
    return place.run(nodes)


@provokes("E697")
def _(place: Place) -> Any:
    from studio_train.training_loop import train
    from tests.plugins.studio_train.fake_training import PLAN, FakeTraining, make_examples

    train(FakeTraining(fails_at=3), make_examples(), None, PLAN, place.folder, lambda step: None)


@provokes("E699")
def _(place: Place) -> Any:
    import json

    from safetensors.numpy import save_file

    from studio_train.opener import AutoencoderOpener

    path = place.folder / "skies.safetensors"
    facts = {"version": 1, "method": "linear", "rows": 8, "columns": 8, "components": 1}
    save_file({"mean": np.zeros(3, np.float32)}, path, {"studio.autoencoder": json.dumps(facts)})
    AutoencoderOpener().open(path, Model(f"file:{path}"), device="cpu", dtype="float32", parts={})


@provokes("E698")
def _(place: Place) -> Any:
    context, model = TestContext(models={"builtin:compact": object()}), Model("builtin:compact")
    place.call("train.lora", context, [make_image(8, 8)], captions=["an apple"], model=model)


@provokes("E672")
def _(place: Place) -> Any:
    return place.run({"a": ("text.storyboard", {"sentence": "a fox", "templates": ["a photo of {scene"]})})


@provokes("E673")
def _(place: Place) -> Any:
    return place.call("text.ask_server", TestContext(), **ASKED, settings=TextSettings("http://example.org/v1"))


@provokes("E674")
def _(place: Place) -> Any:
    with socket.socket() as held:  # bound and not listening: refused
        held.bind(("127.0.0.1", 0))
        settings = TextSettings(f"http://127.0.0.1:{held.getsockname()[1]}/v1")
        return place.call("text.ask_server", TestContext(), **ASKED, settings=settings)


@provokes("E675")
def _(place: Place) -> Any:
    with serve_chat() as server:
        server.content = b"hello"
        return place.call("text.ask_server", TestContext(), **ASKED, settings=TextSettings(server.url))


@provokes("E676")
def _(place: Place) -> Any:
    return place.run({"a": ("text.ask_server", {"prompt": " ", "model": "tiny"})})
