"""Textual inversion: `embedding:NAME` in prompts, by the vectors of files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from studio.api import Model, ModelError
from studio.app import Studio
from studio.settings import Settings
from studio_diffusion.conditioning import encode_prompts
from studio_diffusion.nodes.images import text_to_image
from studio_diffusion.nodes.parts import encode_prompt
from studio_diffusion.prompt_syntax import PromptReading
from tests.plugins.studio_diffusion.conftest import MiniPlugin, make_context
from tests.plugins.studio_diffusion.opening import expect, open_model

pytestmark = pytest.mark.xdist_group("diffusers")

WIDTH = 32  # of the tiny text encoders


def get_row(opened: Any, word: str, encoder: str = "text_encoder") -> torch.Tensor:
    """Return the vector of a word that a tokenizer has as one token."""
    tokenizer = getattr(opened.pipeline, encoder.replace("text_encoder", "tokenizer"))
    (token,) = tokenizer(word, add_special_tokens=False).input_ids
    row: torch.Tensor = getattr(opened.pipeline, encoder).get_input_embeddings().weight[token].detach().clone()
    return row


def encode(opened: Any, prompt: str, **reading: Any) -> Mapping[str, torch.Tensor]:
    """Encode a prompt."""
    return encode_prompts(opened, opened.pipeline, [prompt], "", guided=True, reading=PromptReading(**reading))


@pytest.fixture
def folder(opener: Any, tiny: Callable[..., Path], tmp_path: Path) -> Path:
    """A folder with the vectors of "a" as two files of SD, and of "a b" for SDXL, all of words that are known."""
    plain = open_model(opener, tiny("sd15"))
    row = get_row(plain, "a")
    save_file({"emp_params": row[None]}, tmp_path / "webui.safetensors")
    save_file({"<any>": torch.stack([row, get_row(plain, "b")])}, tmp_path / "both.safetensors")
    large = open_model(opener, tiny("sdxl"))
    vectors = {"clip_l": get_row(large, "a")[None], "clip_g": get_row(large, "a", "text_encoder_2")[None]}
    (tmp_path / "xl").mkdir()
    save_file(vectors, tmp_path / "xl" / "large.safetensors")
    return tmp_path


@pytest.mark.parametrize(
    ("prompt", "meant"),
    [
        ("c embedding:webui b", "c a b"),
        ("embedding:webui.pt, c", "a , c"),
        ("c EMBEDDING:both", "c a b"),
    ],
)
@pytest.mark.parametrize("reading", [{}, {"syntax": "comfyui", "skip": 1}])
def test_vectors_of_a_word_mean_what_the_word_means(
    opener: Any, tiny: Callable[..., Path], folder: Path, prompt: str, meant: str, reading: dict[str, Any]
) -> None:
    opened = open_model(opener, tiny("sd15"), embeddings=f"file:{folder}")

    found, wanted = encode(opened, prompt, **reading), encode(opened, meant, **reading)

    for name, tensor in wanted.items():
        torch.testing.assert_close(found[name], tensor)


def test_weights_count_for_all_vectors_of_a_word(opener: Any, tiny: Callable[..., Path], folder: Path) -> None:
    opened = open_model(opener, tiny("sd15"), embeddings=f"file:{folder}")

    found, wanted = (encode(opened, text, syntax="comfyui") for text in ("c (embedding:both:1.4)", "c (a b:1.4)"))

    torch.testing.assert_close(found["prompt_embeds"], wanted["prompt_embeds"])


def test_both_text_encoders_of_sdxl_have_the_word(opener: Any, tiny: Callable[..., Path], folder: Path) -> None:
    opened = open_model(opener, tiny("sdxl"), embeddings=f"file:{folder}")

    found, wanted = encode(opened, "c embedding:xl/large b"), encode(opened, "c a b")

    assert {"prompt_embeds", "pooled_prompt_embeds"} <= wanted.keys()
    for name, tensor in wanted.items():
        torch.testing.assert_close(found[name], tensor)


def test_other_prompts_are_read_as_before(opener: Any, tiny: Callable[..., Path], folder: Path) -> None:
    plain, opened = open_model(opener, tiny("sdxl")), open_model(opener, tiny("sdxl"), embeddings=f"file:{folder}")

    found, wanted = encode(opened, "c a b"), encode(plain, "c a b")

    for name, tensor in wanted.items():
        torch.testing.assert_close(found[name], tensor)


def test_an_embedding_changes_the_image(tiny: Callable[..., Path], folder: Path) -> None:
    torch.manual_seed(3)
    save_file({"x": torch.randn(3, WIDTH)}, folder / "new.safetensors")
    model = Model(f"file:{tiny('sd15')}", (("embeddings", f"file:{folder / 'new.safetensors'}"),))
    ctx = make_context({}, {})

    first, second = (
        text_to_image(ctx, prompt, model=model, steps=1, width=32, height=32).image.pixels
        for prompt in ("c", "c embedding:new")
    )

    assert abs(first - second).max() > 0


@pytest.mark.slow
def test_another_file_in_the_folder_draws_again(mini: Path, tiny: Callable[..., Path], folder: Path) -> None:
    plugin = MiniPlugin({"mini": mini})
    model = {"model": f"file:{tiny('sd15')}", "options": {"embeddings": f"file:{folder}"}}
    given = {"prompt": "embedding:webui", "steps": 1, "width": 32, "height": 32, "model": model}
    graph = {"studio": 1, "nodes": {"a": {"type": "diffusion.text_to_image", "inputs": given}}}
    graph |= {"outputs": {"o": {"from": "a.image"}}}
    settings = Settings(device="cpu", dtype="float32", cache_dir=folder.parent / "cache")

    with Studio(settings, plugins=[("studio-diffusion", plugin)], discover=False) as studio:
        found = [studio.run(graph).manifest["nodes"]["a"]]
        save_file({"emp_params": torch.ones(2, WIDTH)}, folder / "webui.safetensors")
        found.append(studio.run(graph).manifest["nodes"]["a"])

    assert found[0]["fingerprints"] != found[1]["fingerprints"]
    assert found[0]["outputs"] != found[1]["outputs"]


def test_an_embedding_that_is_not_there_is_refused(opener: Any, tiny: Callable[..., Path], folder: Path) -> None:
    opened = open_model(opener, tiny("sd15"), embeddings=f"file:{folder}")

    with pytest.raises(ModelError, match="no embedding 'webuy'") as caught:
        encode(opened, "embedding:webuy")
    assert "webui" in caught.value.hint
    with pytest.raises(ModelError, match=r"'xl/large' is not for this model"):
        encode(opened, "embedding:xl/large")


def test_a_model_without_embeddings_says_how_to_name_them(tiny: Callable[..., Path]) -> None:
    with pytest.raises(ModelError, match="E616") as caught:
        encode_prompt(make_context({}, {}), "embedding:ugly", model=Model(f"file:{tiny('sd15')}"))

    assert '"embeddings": "file:PATH"' in caught.value.hint


def test_a_model_whose_encoders_take_none_refuses_the_option(
    opener: Any, tiny: Callable[..., Path], folder: Path
) -> None:
    expect(opener, tiny("flux"), "E619", "take no embeddings", embeddings=f"file:{folder}")
