"""The plugin itself: its node types, its imports, its fonts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import studio_image
from studio.api import get_node_type


def test_every_input_is_described_and_saving_is_never_cached() -> None:
    types = [get_node_type(function) for function in studio_image.studio_node_types()]

    assert len(types) == len({t.id for t in types}) > 30
    assert all(t.id.startswith(("image.", "check.")) for t in types)
    assert [f"{t.id}.{i.name}" for t in types for i in t.inputs.values() if not i.description] == []
    assert [t.id for t in types if t.cache != "pure"] == ["image.save", "image.save_layers"]


def test_listing_the_node_types_loads_no_library_that_does_the_work() -> None:
    program = (
        "import sys; sys.path[:0] = sys.argv[1:]; import studio_image, studio_logic;"
        "studio_image.studio_node_types(); studio_logic.studio_node_types();"
        "print(*({'numpy', 'PIL', 'cv2', 'torch'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", program, *sys.path], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


def test_the_fonts_come_with_their_licences_and_stay_small() -> None:
    folder = Path(studio_image.__file__).parent / "fonts"
    fonts = [p for p in folder.iterdir() if p.suffix in (".ttf", ".otf")]
    licences = (folder / "OFL.txt").read_text(encoding="utf-8")

    assert sum(p.stat().st_size for p in fonts) < 700_000
    assert all(p.name in licences for p in fonts)
