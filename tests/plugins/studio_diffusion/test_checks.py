"""What `studio validate` finds of drawing nodes, from the configurations of their models, without loading anything."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.app import Studio
from studio.errors import GraphError
from studio.settings import Settings
from tests.plugins.studio_diffusion.conftest import MiniPlugin

pytestmark = pytest.mark.xdist_group("diffusers")


@pytest.fixture
def studio(mini: Path, mini_sketch: Path, tiny: Callable[..., Path], tmp_path: Path) -> Any:
    """A Studio with a flow model, its ControlNet, and a noise model."""
    plugin = MiniPlugin({"mini": mini, "mini-sketch": mini_sketch, "unet": tiny("sd15"), "aura": tiny("auraflow")})
    settings = Settings(device="cpu", dtype="float32", cache_dir=tmp_path / "cache")
    with Studio(settings, plugins=[("studio-diffusion", plugin)], discover=False) as made:
        yield made


def find(studio: Studio, kind: str = "text_to_image", **inputs: Any) -> list[tuple[str, str]]:
    """Return the codes and places of what validation finds."""
    image = {"prompt": "sun", **inputs}
    graph = {
        "studio": 1,
        "inputs": {"photo": {"type": "image"}},
        "nodes": {"draw": {"type": f"diffusion.{kind}", "inputs": image}},
        "outputs": {"o": {"from": "draw"}},
    }
    if "photo" not in str(inputs):
        del graph["inputs"]
    return [(one.code, one.where) for one in studio.validate(studio.load(graph))]


def find_in_parts(studio: Studio, kind: str, **inputs: Any) -> list[tuple[str, str]]:
    """Return the codes and places of what validation finds where drawing is taken apart and one part is changed."""
    given: dict[str, dict[str, Any]] = {
        "encode_prompt": {"prompt": "sun"},
        "empty_latent": {},
        "encode_image": {"image": {"from": "inputs.photo"}},
        "sample": {"latent": {"from": "empty_latent"}, "conditioning": {"from": "encode_prompt"}},
        "decode_latent": {"latent": {"from": "sample"}},
    }
    given[kind] |= inputs
    graph = {
        "studio": 1,
        "inputs": {"photo": {"type": "image"}},
        "nodes": {name: {"type": f"diffusion.{name}", "inputs": ends} for name, ends in given.items()},
        "outputs": {"picture": {"from": "decode_latent"}, "latent": {"from": "encode_image"}},
    }
    return [(one.code, one.where) for one in studio.validate(studio.load(graph))]


def test_a_sampler_that_a_flow_model_does_not_take_is_found(studio: Studio) -> None:
    assert find(studio, sampler="ddim") == [("E616", "/nodes/draw/inputs/sampler")]
    assert find(studio, sampler="dpmpp_2m") == []


def test_a_noise_model_takes_it(studio: Studio) -> None:
    assert find(studio, sampler="ddim", model="builtin:unet") == []


def test_a_size_beyond_the_positions_of_a_model_is_found(studio: Studio) -> None:
    assert find(studio, width=4096) == [("E621", "/nodes/draw/inputs/width")]
    assert find(studio, height=4096) == [("E621", "/nodes/draw/inputs/height")]
    assert find(studio, width=64, height=32) == []


def test_a_side_that_nobody_gave_is_not_told_of(mini: Path) -> None:
    from studio.api import Model
    from studio_diffusion.checks import check_part

    def tell(width: int, height: int) -> list[str]:
        inputs = {"model": Model("builtin:mini"), "width": width, "height": height}
        return [error.message.rpartition(", ")[2] for _, error in check_part(inputs, lambda _: mini)]

    assert tell(4096, 0) == ["not 4096 columns"]
    assert tell(0, 4096) == ["not 4096 rows"]
    assert tell(4096, 64) == ["not 4096 x 64"]


def test_what_validation_says_of_sizes_is_what_drawing_says(studio: Studio, mini: Path) -> None:
    from studio.api import Model
    from studio_diffusion.checks import read_sketch
    from studio_diffusion.sizes import find_multiple, find_reach

    sketched = read_sketch(mini)

    with studio.models.open(Model("builtin:mini"), studio.device) as opened:
        assert (sketched.reach, sketched.multiple) == (find_reach(opened), find_multiple(opened))


def test_a_controlnet_of_another_family_is_found(studio: Studio) -> None:
    found = find(studio, "sketch_to_image", sketch={"from": "inputs.photo"}, model="builtin:unet")

    assert found == [("E617", "/nodes/draw/inputs")]  # the default does not fit


def test_a_sketch_that_is_never_followed_is_found(studio: Studio) -> None:
    sketch = {"from": "inputs.photo"}

    found = find(studio, "sketch_to_image", sketch=sketch, control_start=0.5, control_end=0.5)

    assert found == [("E626", "/nodes/draw/inputs/control_end")]
    assert find(studio, "sketch_to_image", sketch=sketch, control_start=0.5) == []


def test_a_part_of_drawing_is_checked_like_the_whole(studio: Studio) -> None:
    assert find_in_parts(studio, "sample", sampler="ddim") == [("E616", "/nodes/sample/inputs/sampler")]
    assert find_in_parts(studio, "sample", sampler="euler") == []
    assert find_in_parts(studio, "empty_latent", height=4096) == [("E621", "/nodes/empty_latent/inputs/height")]


def test_a_model_that_is_not_taken_apart_is_found_at_each_part(studio: Studio) -> None:
    for kind in ("encode_prompt", "empty_latent", "encode_image", "sample", "decode_latent"):
        found = find_in_parts(studio, kind, model="builtin:aura")

        assert found == [("E623", f"/nodes/{kind}/inputs/model")], kind


def test_the_values_of_a_run_are_checked_before_it_begins(studio: Studio) -> None:
    graph = {
        "studio": 1,
        "inputs": {"sampler": {"type": "text", "default": "auto"}},
        "nodes": {"draw": {"type": "diffusion.text_to_image", "inputs": {"prompt": "sun", "width": 4096}}},
        "outputs": {"o": {"from": "draw"}},
    }
    del graph["inputs"]

    with pytest.raises(GraphError, match="E621"):
        studio.run(graph)

    assert studio.models.loads == 0


def test_a_damaged_configuration_is_left_to_the_opener(studio: Studio, tmp_path: Path, mini: Path) -> None:
    import shutil

    folder = shutil.copytree(mini, tmp_path / "broken")
    (folder / "scheduler" / "scheduler_config.json").write_text("{", encoding="utf-8")

    assert find(studio, sampler="ddim", model=f"file:{folder}") == []


def test_a_model_that_is_not_here_is_no_reason_to_doubt_other_inputs(studio: Studio, tmp_path: Path) -> None:
    absent = find(studio, sampler="ddim", model=f"file:{tmp_path / 'gone'}")

    assert absent == [("E602", "/nodes/draw/inputs/model")]
    assert find(studio, sampler="ddim", model="hub:nobody/nothing") == []


def test_validating_a_graph_that_draws_loads_no_network_library(tmp_path: Path) -> None:
    graph = Path(__file__).parents[3] / "graphs" / "text_to_image.json"
    program = (
        "import sys; from studio.app import Studio, read_settings; from pathlib import Path;"
        f"s = Studio(read_settings(cache_dir=Path({str(tmp_path)!r})), on_disk=False);"
        f"assert s.validate(s.load({str(graph)!r})) == []; print('torch' in sys.modules, 'diffusers' in sys.modules)"
    )

    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert told.split() == ["False", "False"]


def test_words_that_a_small_model_does_not_know_are_warned_of(studio: Studio) -> None:
    graph = {
        "studio": 1,
        "inputs": {"prompt": {"type": "text", "default": "a sun on a brick"}},
        "nodes": {"draw": {"type": "diffusion.text_to_image", "inputs": {"prompt": {"from": "inputs.prompt"}}}},
        "outputs": {"o": {"from": "draw"}},
    }

    findings = studio.validate(studio.load(graph))

    assert [(one.code, one.where, one.severity) for one in findings] == [("W610", "/inputs/prompt/default", "warning")]
    assert "'brick'" in findings[0].message
    assert find(studio, prompt="a sun") == []
    assert find(studio, prompt="a sun on a brick", model="builtin:unet") == []
    assert find_in_parts(studio, "encode_prompt", prompt="a moon") == [("W610", "/nodes/encode_prompt/inputs/prompt")]
