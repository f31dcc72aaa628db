"""Loading and saving, and the plugin itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import studio_image
from studio.api import File, Image, OutputPath, get_node_type
from studio.testing import TestContext
from studio_image.nodes import sources

CTX = TestContext()


def make_image(channels: int = 3) -> Image:
    return Image(np.random.default_rng(0).integers(0, 256, (12, 16, channels), dtype=np.uint8))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_saved_image_loads_as_it_was(tmp_path: Path, channels: int) -> None:
    target = OutputPath(tmp_path / "a.png", "a.png")

    assert sources.save_image(CTX, make_image(channels), target) == "a.png"

    assert sources.load_image(CTX, File(target.path, "0" * 64, 1)) == make_image(channels)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_quality_trades_size_for_likeness(tmp_path: Path, suffix: str) -> None:
    smooth = Image(np.linspace(0, 1, 64 * 64 * 4, dtype=np.float32).reshape(64, 64, 4))
    sizes = []
    for quality in (10, 95):
        target = OutputPath(tmp_path / f"q{quality}{suffix}", "q")
        sources.save_image(CTX, smooth, target, quality=quality)
        sizes.append(target.path.stat().st_size)
        with PIL.Image.open(target.path) as written:
            assert written.size == (64, 64)
        assert b"DigitalSourceType" in target.path.read_bytes()

    assert sizes[0] < sizes[1]


def test_a_save_that_fails_leaves_nothing_and_keeps_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.api import ImageType

    target = OutputPath(tmp_path / "a.png", "a.png")
    target.path.write_bytes(b"old")

    def fail(self: object, value: Image, path: Path, provenance: str | None) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(ImageType, "write_file", fail)
    with pytest.raises(OSError, match="no space"):
        sources.save_image(CTX, make_image(), target)

    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]
    assert target.path.read_bytes() == b"old"


def test_every_input_is_described_and_saving_is_never_cached() -> None:
    types = [get_node_type(function) for function in studio_image.studio_node_types()]

    assert len(types) == len({t.id for t in types}) > 30
    assert all(t.id.startswith("image.") for t in types)
    assert [f"{t.id}.{i.name}" for t in types for i in t.inputs.values() if not i.description] == []
    assert [t.id for t in types if t.cache != "pure"] == ["image.save"]


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
    licences = (folder / "OFL.txt").read_text()

    assert sum(p.stat().st_size for p in fonts) < 700_000
    assert all(p.name in licences for p in fonts)
