"""`studio models plan`: what goes where, for a device that need not be here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk

MINI = "builtin:mini"


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of models of this test's own."""
    monkeypatch.setenv("STUDIO_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("STUDIO_HUB_DIR", str(tmp_path / "hub"))


def test_a_person_reads_what_goes_where_and_what_it_costs(desk: Desk) -> None:
    text = desk.call("models", "plan", MINI, "--vram", "30MB", "--ram", "64GB").out

    assert "for cuda:0 with 24.3 MiB for weights, and 50.7 GiB of memory" in text
    assert "memory; on the device block by block" in text
    assert "Results are those without offload." in text
    assert '{"model": "builtin:mini", "options": {"offload": "group"}}' in text
    assert '"quantization": "int8": fits' in text


def test_what_fits_stays_on_the_device(desk: Desk) -> None:
    made = desk.call("models", "plan", MINI, "--vram", "24GB", "--json").json

    assert (made["options"], made["fits"], made["memory_bytes"]) == ({}, True, 0)
    assert {part["place"] for part in made["parts"]} == {"device"}
    assert made["budget"]["device"] == int(24e9 * 0.85)


def test_load_options_count(desk: Desk) -> None:
    line = ("models", "plan", MINI, "--vram", "50MB", "--dtype", "float32", "--option", "quantization=auto", "--json")

    made = desk.call(*line).json

    assert made["options"]["quantization"] == "int8"
    assert made["result_options"] == ["quantization"]


def test_a_machine_without_a_gpu_has_a_plan_for_its_memory(desk: Desk) -> None:
    made = desk.call("models", "plan", MINI, "--device", "cpu", "--json").json

    assert (made["device"], made["dtype"], made["options"]) == ("cpu", "float32", {})


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("builtin:nosuch",), "E602"),
        ((MINI, "--vram", "lots"), "E027"),
        ((MINI, "--option", "quantization"), "E006"),
        (("builtin:compact",), "E006"),
    ],
)
def test_mistakes_are_reported_with_their_code(desk: Desk, words: tuple[str, ...], code: str) -> None:
    done = desk.call("models", "plan", *words)

    assert (done.code, code in done.err) == (2, True), done.err


def test_what_a_plugin_says_of_load_options_is_reported(desk: Desk) -> None:
    done = desk.call("models", "plan", MINI, "--option", "quantization=fp3")

    assert done.code == 1
    assert "E619" in done.err
    assert "did you mean 'fp8'?" in done.err
