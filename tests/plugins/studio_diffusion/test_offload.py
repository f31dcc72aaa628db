"""Networks that wait in memory: the same images, and refusals. Where they are is seen on a GPU only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import ModelError
from studio_diffusion.offload import find_offload
from tests.plugins.studio_diffusion.opening import open_model
from tests.plugins.studio_diffusion.test_quantization import draw

pytestmark = pytest.mark.xdist_group("diffusers")


@pytest.mark.parametrize("chosen", ["model", "group", "stream", "sequential"])
@pytest.mark.parametrize("name", ["sd15", "flux"])
def test_offload_draws_the_same_image(opener: Any, tiny: Callable[..., Path], name: str, chosen: str) -> None:
    plain, moved = (open_model(opener, tiny(name), **options) for options in ({}, {"offload": chosen}))

    assert moved.measures.offload == chosen
    np.testing.assert_array_equal(draw(plain), draw(moved))


def test_groups_of_a_denoiser_are_its_blocks(opener: Any, tiny: Callable[..., Path]) -> None:
    opened = open_model(opener, tiny("flux"), offload="group")

    hooks = [name for name, module in opened.pipeline.transformer.named_modules() if has_group_hook(module)]

    assert {"transformer_blocks.0", "single_transformer_blocks.0"} <= set(hooks)
    assert not any(has_group_hook(module) for module in opened.pipeline.vae.modules())


def has_group_hook(module: Any) -> bool:
    """Say whether a module moves to the device when it is called."""
    registry = getattr(module, "_diffusers_hook", None)
    return registry is not None and registry.get_hook("group_offloading") is not None


def test_offload_and_8_bits_go_together(opener: Any, tiny: Callable[..., Path]) -> None:
    both, one = (
        open_model(opener, tiny("flux"), quantization="int8", **options) for options in ({"offload": "group"}, {})
    )

    np.testing.assert_array_equal(draw(both), draw(one))


def test_measures_that_are_undone_leave_the_offload_that_was_asked_for(opener: Any, tiny: Callable[..., Path]) -> None:
    opened = open_model(opener, tiny("sd15"), offload="group")
    first = draw(opened)

    while opened.measures.take_next():
        pass
    opened.measures.undo()

    assert opened.measures.offload == "group"
    np.testing.assert_array_equal(first, draw(opened))


def test_an_unknown_offload_names_those_that_there_are() -> None:
    with pytest.raises(ModelError, match="unknown offload 'disk'") as caught:
        find_offload({"offload": "disk"})

    assert "sequential" in caught.value.hint


def test_nf4_weights_do_not_move_by_parts() -> None:
    with pytest.raises(ModelError, match="nf4 weights do not move by parts"):
        find_offload({"offload": "group", "quantization": "nf4"})
