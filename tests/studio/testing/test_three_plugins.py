"""Three plugins of different kinds, written from the docs alone, are whole and work from their wheels."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from studio.testing import build_wheel

ROOT = Path(__file__).parents[3]
AUTHORS = ROOT / "tests" / "authors"
MAIN = "import sys; from studio.cli.main import main; sys.exit(main())"
CHECK = """
import sys
import numpy as np
from safetensors.numpy import save_file
from studio.api import Audio, Image
from studio.testing import check_plugin

grey = Image(np.full((8, 8, 3), 128, np.uint8))
save_file({"impulse": np.ones(4, np.float32)}, "room.safetensors")
sound = Audio(np.zeros((64, 1), np.float32), 8000)
values, examples = [], {
    "studio_grade": {"grade.apply_look": {"image": grey}},
    "studio_echo": {"echo.apply": {"audio": sound, "model": "file:room.safetensors"}},
}
if sys.argv[1] == "studio_palette":
    from studio_palette.palette import Palette

    values = [Palette([[0, 0.5, 1]]), Palette([[1, 0, 0], [0, 0.123, 0]])]
    examples["studio_palette"] = {"palette.extract": {"image": grey}, "palette.paint": {"palette": values[0]}}
print(check_plugin(sys.argv[1], values=values, examples=examples[sys.argv[1]], wheel=sys.argv[2]))
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheels of the three plugins, by module."""
    folder = tmp_path_factory.mktemp("wheels")
    projects = [AUTHORS / name for name in ("studio-echo", "studio-grade", "studio-palette")]
    return {project.name.replace("-", "_"): build_wheel(project, folder) for project in projects}


@pytest.fixture
def site(wheels: dict[str, Path], tmp_path: Path) -> Path:
    """A folder in which the wheels are installed, as pip would unpack them."""
    for wheel in wheels.values():
        with ZipFile(wheel) as archive:
            archive.extractall(tmp_path / "site")
    return tmp_path / "site"


def run(site: Path, *words: str | Path) -> str:
    paths = [site, ROOT, ROOT / "plugins"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STUDIO_")}
    environment |= {"PYTHONPATH": os.pathsep.join(map(str, paths)), "STUDIO_CACHE_DIR": str(site.parent / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", *words], cwd=site.parent, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["studio_echo", "studio_grade", "studio_palette"])
def test_each_plugin_is_whole(site: Path, wheels: dict[str, Path], name: str) -> None:
    told = run(site, CHECK, name, wheels[name])

    assert ", 0 failed, " in told
    assert "metadata, wheel" in told


def test_a_plugin_with_weights_is_checked_from_the_command_line(site: Path, wheels: dict[str, Path]) -> None:
    shown = run(site, MAIN, "plugins", "check", "studio-grade", "--wheel", wheels["studio_grade"])

    assert shown.startswith("plugin 'studio_grade': ")
    assert "model builtin:" in shown
    assert " 0 failed" in shown


def test_a_node_type_with_weights_runs_an_old_graph(site: Path) -> None:
    graph = AUTHORS / "studio-grade" / "graphs" / "example.json"

    assert "W103" in run(site, MAIN, "validate", graph)
    assert "picture.png" in run(site, MAIN, "run", graph, "-o", "out")
    assert "out/picture.png" in run(site, MAIN, "rerun", "out/picture.png", "-o", "again").replace("again", "out")


def test_values_of_an_own_type_are_written_and_read(site: Path) -> None:
    graphs = AUTHORS / "studio-palette" / "graphs"

    assert "colors.pal" in run(site, MAIN, "run", graphs / "example.json", "-o", "out")
    assert "picture.png" in run(site, MAIN, "run", graphs / "read.json", "--set", "colors=out/colors.pal", "-o", "read")
    assert "picture.png" in run(site, MAIN, "run", "out/colors.pal", "-o", "again")


def test_an_opener_and_a_command_work_together(site: Path) -> None:
    graph = site.parent / "echo.json"
    graph.write_bytes((AUTHORS / "studio-echo" / "graphs" / "example.json").read_bytes())

    assert run(site, MAIN, "echo-make", "room.safetensors") == "room.safetensors\n"
    assert "W106" in run(site, MAIN, "validate", graph)
    assert "sound" in run(site, MAIN, "run", graph, "-o", "out")
