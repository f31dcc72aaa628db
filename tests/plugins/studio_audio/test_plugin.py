"""Loading and saving, the audio of videos, and the plugin itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from processes import create_environment

import studio_audio
from studio.api import get_node_type

GRAPHS = Path(__file__).parents[3] / "graphs"


def test_listing_the_node_types_loads_nothing_heavy() -> None:
    code = (
        "import sys, studio_audio; list(studio_audio.studio_node_types()); list(studio_audio.studio_value_types());"
        "print([m for m in ('numpy', 'scipy', 'torch', 'soxr', 'librosa', 'PIL') if m in sys.modules])"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                           env=create_environment())  # fmt: skip

    assert found.stdout.strip() == "[]"


def test_every_node_type_is_named_audio_and_has_a_row_in_the_readme() -> None:
    readme = (Path(studio_audio.__file__).parent / "README.md").read_text(encoding="utf-8")

    for function in studio_audio.studio_node_types():
        assert f"| `{get_node_type(function).id}` |" in readme


@pytest.mark.parametrize("name", ["classical_to_jazz", "sound_as_picture", "soundtrack_for_length"])
def test_the_ready_graphs_validate(name: str) -> None:
    from studio.app import Studio

    with Studio() as studio:
        known = any(row.name == "studio-audio" for row in studio.registry.plugins)
    with Studio(plugins=() if known else [("studio-audio", studio_audio)]) as studio:
        findings = studio.validate(studio.load(GRAPHS / f"{name}.json"))

    assert not [finding for finding in findings if finding.code not in ("E123", "E124")]
