"""Every architecture, drawn with from end to end: tiny pipelines of the real classes, opened by path."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Model, ModelError
from studio.cache.digest import hash_file
from studio.runtime.devices import Device
from studio.runtime.models import Models

pytestmark = pytest.mark.xdist_group("diffusers")

CPU = Device("cpu", "float32")
TEXT, IMAGE, INPAINT = "text_to_image", "image_to_image", "inpaint"

# Architecture, family that Studio says it is, tasks that are drawn with here.
TABLE = [
    ("sd15", "sd", [TEXT, IMAGE, INPAINT]),
    ("sd15_inpaint", "sd", [INPAINT]),
    ("sd2", "sd", [TEXT, IMAGE, INPAINT]),
    ("sdxl", "sdxl", [TEXT, IMAGE, INPAINT]),
    ("sdxl_refiner", "sdxl_refiner", [IMAGE, INPAINT]),
    ("sd3", "sd3", [TEXT, IMAGE, INPAINT]),
    ("flux", "flux", [TEXT, IMAGE, INPAINT]),
    ("flux_dev", "flux", [TEXT, IMAGE, INPAINT]),
    ("flux2", "flux2", [TEXT]),
    ("flux2_klein", "flux2_klein", [TEXT, INPAINT]),
    ("chroma", "chroma", [TEXT, IMAGE, INPAINT]),
    ("pixart_alpha", "pixart_alpha", [TEXT]),
    ("pixart_sigma", "pixart_sigma", [TEXT]),
    ("sana", "sana", [TEXT]),
    ("sana_sprint", "sana_sprint", [TEXT, IMAGE]),
    ("kandinsky22", "kandinsky22", [TEXT, IMAGE]),
    ("kandinsky3", "kandinsky3", [TEXT, IMAGE]),
    ("qwenimage", "qwenimage", [TEXT, IMAGE, INPAINT]),
    ("stable_cascade", "stable_cascade", [TEXT]),
    ("wuerstchen", "wuerstchen", [TEXT]),
    ("auraflow", "auraflow", [TEXT]),
    ("lumina2", "lumina2", [TEXT]),
    ("hunyuandit", "hunyuandit", [TEXT]),
    ("cogview3", "cogview3", [TEXT]),
    ("cogview4", "cogview4", [TEXT]),
    ("zimage", "zimage", [TEXT, IMAGE, INPAINT]),
    ("hidream", "hidream", [TEXT]),
    ("lcm", "lcm", [TEXT, IMAGE]),
    ("instruct_pix2pix", "instruct_pix2pix", [IMAGE]),
    ("deepfloyd_if", "deepfloyd_if", [TEXT]),
    ("ddpm", "other", [TEXT]),
]
CASES = [pytest.param(name, task, id=f"{name}-{task}") for name, _, tasks in TABLE for task in tasks]

# Model, what writes its ControlNet, tasks that are drawn with here.
CONTROLLED = [
    ("sd15", "controlnet", ["controlnet", "controlnet_image_to_image", "controlnet_inpaint"]),
    ("sdxl", "controlnet", ["controlnet", "controlnet_image_to_image", "controlnet_inpaint"]),
    ("sd3", "sd3_controlnet", ["controlnet"]),
    ("flux", "flux_controlnet", ["controlnet", "controlnet_image_to_image", "controlnet_inpaint"]),
    ("flux_dev", "flux_controlnet", ["controlnet"]),
    ("qwenimage", "qwenimage_controlnet", ["controlnet"]),
]
CONTROL_CASES = [
    pytest.param(name, net, task, id=f"{name}-{task}") for name, net, tasks in CONTROLLED for task in tasks
]


@pytest.fixture(scope="module")
def models() -> Any:
    """The runtime, with the opener of this plugin alone."""
    from studio_diffusion.opener import DiffusionOpener

    made = Models({}, [DiffusionOpener()], lambda path: hash_file(path).hex())
    yield made
    made.close()


@pytest.fixture(scope="module")
def write(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Write a tiny model once, and return its folder."""
    from tests.plugins.studio_diffusion.tiny_pipelines import WRITERS

    folder = tmp_path_factory.mktemp("tiny")

    def write_once(name: str) -> Path:
        path = folder / name
        return path if path.exists() else WRITERS[name](path)

    return write_once


def draw(
    opened: Any, task: str, *, controlnet: Any = None, seed: int = 1, sampler: str = "auto", **more: Any
) -> np.ndarray[Any, Any]:
    """Draw an image in two steps at the least size that the model takes."""
    import torch

    from studio.api.quiet import hush

    size = max(64, opened.size_multiple)
    samples = np.random.default_rng(0).random((size, size, 3), dtype=np.float32)
    image = torch.from_numpy(samples.transpose(2, 0, 1))[None]
    wanted: dict[str, Any] = {
        "steps": 2,
        "width": size,
        "height": size,
        "guidance_scale": 3.0,
        "max_sequence_length": 32,
    }
    if task.endswith((IMAGE, INPAINT)):
        wanted |= {"image": image, "strength": 0.99}
    if task.endswith(INPAINT):
        wanted["mask_image"] = torch.ones(1, 1, size, size)
    if "controlnet" in task:
        wanted["control_image"] = image
    wanted |= {"generator": torch.Generator().manual_seed(seed), "output_type": "np"} | more
    pipeline = opened.for_task(task, controlnet=controlnet) if controlnet else opened.for_task(task)
    opened.set_scheduler(pipeline, opened.make_scheduler(sampler))
    arguments, _ = opened.arguments(task, prompt="a red apple", **wanted)
    with hush("diffusers", "transformers"):
        drawn: np.ndarray[Any, Any] = pipeline(**arguments).images[0]
    return drawn


@pytest.mark.parametrize(("name", "task"), CASES)
def test_architecture_draws_by_path(models: Models, write: Callable[[str], Path], name: str, task: str) -> None:
    with models.open(Model(f"file:{write(name)}"), CPU) as opened:
        first, again, other = draw(opened, task), draw(opened, task), draw(opened, task, seed=2)

    assert first.ndim == 3
    assert first.shape[2] == 3
    assert np.isfinite(first).all()
    assert first.std() > 0.01
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(("name", "writer", "task"), CONTROL_CASES)
def test_controlnet_guides_by_path(
    models: Models, write: Callable[[str], Path], tmp_path: Path, name: str, writer: str, task: str
) -> None:
    from tests.plugins.studio_diffusion import tiny_pipelines

    model = write(name)
    net = getattr(tiny_pipelines, f"write_tiny_{writer}")(tmp_path / "net", model)

    with models.open(Model(f"file:{model}"), CPU) as opened, models.open(Model(f"file:{net}"), CPU) as handle:
        guided = draw(opened, task, controlnet=handle, controlnet_conditioning_scale=1.0)
        loose = draw(opened, task, controlnet=handle, controlnet_conditioning_scale=0.0)

    assert np.isfinite(guided).all()
    assert not np.allclose(guided, loose, atol=1e-4)


@pytest.mark.parametrize(("name", "family", "tasks"), TABLE, ids=[row[0] for row in TABLE])
def test_family_and_tasks_are_known(
    models: Models, write: Callable[[str], Path], name: str, family: str, tasks: list[str]
) -> None:
    with models.open(Model(f"file:{write(name)}"), CPU) as opened:
        assert opened.family == family
        assert {task for task in opened.tasks if not task.startswith(("controlnet", "edit"))} == set(tasks)
        assert all(side % opened.size_multiple == 0 for side in opened.native_size)
        assert opened.latent_space


def test_every_tiny_pipeline_is_in_the_table() -> None:
    from tests.plugins.studio_diffusion.tiny_pipelines import WRITERS

    assert {name for name, _, _ in TABLE} == set(WRITERS)


def test_the_plugin_tells_which_architectures_and_tasks_ran() -> None:
    page = Path(__file__).parents[3] / "plugins" / "studio_diffusion" / "ARCHITECTURES.md"
    rows = [
        [cell.strip() for cell in line.split("|")]
        for line in page.read_text(encoding="utf-8").splitlines()
        if "| `" in line
    ]
    told = {row[2].strip("`"): set(row[4].split(", ")) for row in rows if row[2].startswith("`")}

    ran = {name: set(tasks) for name, _, tasks in TABLE}
    for name, _, tasks in CONTROLLED:
        ran[name] |= set(tasks)

    assert told == ran


def test_tiny_pipelines_are_small_and_the_same_every_time(tmp_path: Path) -> None:
    from tests.plugins.studio_diffusion.tiny_pipelines import WRITERS

    one, two = WRITERS["sd3"](tmp_path / "one"), WRITERS["sd3"](tmp_path / "two")

    weights = [path.relative_to(one) for path in one.rglob("*.safetensors")]
    assert weights
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in weights)
    assert sum(path.stat().st_size for path in one.rglob("*") if path.is_file()) < 2_000_000


def test_sd3_of_another_latent_depth_inpaints(models: Models, tmp_path: Path) -> None:
    from tests.plugins.studio_diffusion.tiny_pipelines import write_tiny_sd3

    folder = write_tiny_sd3(tmp_path / "model", t5=False, channels=8)

    with models.open(Model(f"file:{folder}"), CPU) as opened:
        drawn = draw(opened, INPAINT)
        assert opened.pipeline.transformer.config.in_channels == 8

    assert np.isfinite(drawn).all()


def test_decoder_joins_its_prior(models: Models, tmp_path: Path) -> None:
    from tests.plugins.studio_diffusion.tiny_pipelines import write_tiny_kandinsky22_pair

    decoder = write_tiny_kandinsky22_pair(tmp_path / "decoder", tmp_path / "prior")
    model = Model(f"file:{decoder}", (("prior", f"file:{tmp_path / 'prior'}"),))

    with models.open(model, CPU) as opened:
        drawn = draw(opened, TEXT)

    assert drawn.shape == (64, 64, 3)


def test_decoder_without_its_prior_says_what_to_type(models: Models, tmp_path: Path) -> None:
    from tests.plugins.studio_diffusion.tiny_pipelines import write_tiny_kandinsky22_pair

    decoder = write_tiny_kandinsky22_pair(tmp_path / "decoder", tmp_path / "prior")

    with pytest.raises(ModelError, match="E614") as caught, models.open(Model(f"file:{decoder}"), CPU):
        pass

    assert '"prior": "file:FOLDER"' in caught.value.hint


def test_two_pipelines_share_a_text_encoder_and_an_autoencoder(
    models: Models, write: Callable[[str], Path], tmp_path: Path
) -> None:
    import shutil

    copy = Path(shutil.copytree(write("sd15"), tmp_path / "copy"))
    (copy / "scheduler" / "scheduler_config.json").write_text(
        (copy / "scheduler" / "scheduler_config.json").read_text(encoding="utf-8").replace("0.012", "0.013"),
        encoding="utf-8",
    )

    with models.open(Model(f"file:{write('sd15')}"), CPU) as one, models.open(Model(f"file:{copy}"), CPU) as two:
        assert one.pipeline.vae is two.pipeline.vae
        assert one.pipeline.text_encoder is two.pipeline.text_encoder
        assert one.pipeline.unet is not two.pipeline.unet
