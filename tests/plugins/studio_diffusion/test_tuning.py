"""Attention as the load options name it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.api import ModelError
from tests.plugins.studio_diffusion.opening import open_model

pytestmark = pytest.mark.xdist_group("diffusers")


def test_an_unknown_attention_is_an_error(opener: Any, sd15: Path) -> None:
    with pytest.raises(ModelError, match="E619"):
        open_model(opener, sd15, attention="telepathy")


def test_attention_whose_code_comes_from_the_hub_is_refused(opener: Any, sd15: Path) -> None:
    with pytest.raises(ModelError, match="fetches from the hub"):
        open_model(opener, sd15, attention="flash_hub")
