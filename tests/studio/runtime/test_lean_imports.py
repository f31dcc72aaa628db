"""Libraries are imported without what a run seldom needs, and all of it is there when it is needed."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

from studio.runtime.lean_imports import compare_sizes, find_changes, find_homes, find_nested_int, find_truth

START = "from studio.runtime.lean_imports import install_lean_imports\ninstall_lean_imports()\nimport sys\n"
MODEL = """
import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusion3Pipeline
from transformers import CLIPTextConfig, CLIPTextModelWithProjection
with torch.device("meta"):
    encoder = CLIPTextModelWithProjection(CLIPTextConfig(num_hidden_layers=1, hidden_size=32, vocab_size=100))
    torch.empty_like(encoder.text_model.embeddings.position_embedding.weight, device="cpu")
"""
HEAVY = ("torch._dynamo", "torch._inductor", "torch.distributed.fsdp", "sympy", "scipy.stats", "scipy.optimize",
         "peft", "boto3", "requests")  # fmt: skip


def run(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", START + code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_pipeline_is_imported_without_what_it_does_not_use() -> None:
    run(f"{MODEL}\nloaded = [name for name in {HEAVY} if name in sys.modules]\nassert not loaded, loaded")


def test_what_stood_aside_works_when_it_is_used() -> None:
    run(f"""{MODEL}
scheduler = FlowMatchEulerDiscreteScheduler(use_beta_sigmas=True)
scheduler.set_timesteps(4)
assert "scipy.stats" in sys.modules, "the schedule of the beta distribution needs it"

from transformers.loss.loss_for_object_detection import linear_sum_assignment
assert [list(each) for each in linear_sum_assignment([[4, 1], [2, 3]])] == [[0, 1], [1, 0]]

from diffusers.models.transformers import Transformer2DModel, FluxTransformer2DModel
import diffusers.models.unets as unets
assert "UNet2DModel" in dir(unets) and unets.UNet2DModel.__name__ == "UNet2DModel"
try:
    unets.NoSuchModel
except AttributeError:
    pass

from diffusers.loaders.lora_base import BaseTunerLayer
from peft import LoraConfig, inject_adapter_in_model
layers = torch.nn.Sequential(torch.nn.Linear(4, 4))
assert not isinstance(layers[0], BaseTunerLayer)
inject_adapter_in_model(LoraConfig(target_modules=["0"]), layers)
assert isinstance(layers[0], BaseTunerLayer)
from diffusers.utils.peft_utils import scale_lora_layers
before = layers[0].scaling["default"]
scale_lora_layers(layers, 0.5)
assert layers[0].scaling["default"] == before * 0.5

from diffusers.utils.import_utils import _is_distribution_installed
assert _is_distribution_installed("torch")[0]
from diffusers.utils.torch_utils import is_compiled_module
assert not is_compiled_module(layers)
assert is_compiled_module(torch.compile(layers, backend="eager"))

from torch.fx.experimental.symbolic_shapes import guard_or_false, ShapeEnv
assert guard_or_false(True) is True and guard_or_false(False) is False
assert torch.export.export(layers, (torch.zeros(1, 4),)).module()(torch.zeros(1, 4)).shape == (1, 4)
""")


def test_a_process_that_imports_in_another_order_gets_the_same() -> None:
    run("import transformers.masking_utils, diffusers.models.unets.unet_2d_blocks, diffusers.models.autoencoders.vae")


@pytest.mark.parametrize(
    "name",
    [
        "diffusers.pipelines.pipeline_loading_utils",
        "diffusers.utils.peft_utils",
        "diffusers.utils.torch_utils",
        "torch._compile",
        "torch.nn.init",
        "transformers.utils.import_utils",
    ],
)
def test_a_module_whose_functions_have_other_names_is_imported_as_it_is(name: str) -> None:
    module = ModuleType(name)

    for change in find_changes(name):
        with change(module):
            module.__dict__["kept"] = True

    assert module.__dict__["kept"]


@pytest.mark.parametrize(
    ("source", "homes"),
    [
        ("from .a import A, B as C", {"A": "a", "C": "a"}),
        ("from ...utils import is_torch_available\nif is_torch_available():\n    from .a import A", {"A": "a"}),
        ("from .a import *", {}),
        ("from .a import A\nprint(A)", {}),
        ("if is_flax_available():\n    from .a import A", {}),
        ("from . import a", {}),
    ],
)
def test_only_packages_that_do_no_more_than_import_are_imported_on_use(source: str, homes: dict[str, str]) -> None:
    assert find_homes(source) == homes


def test_plain_conditions_and_sizes_need_no_symbols() -> None:
    assert (find_truth(True), find_truth(False), find_truth(1)) == (True, False, None)
    assert (find_nested_int(3), find_nested_int(3.0)) == (False, None)
    assert compare_sizes((1, 2), (1, 2)) is True
    assert compare_sizes((1, 2), (1,)) is False
    assert compare_sizes((1, object()), (1, 2)) is None
