"""Write what a run of this release of Studio leaves into a folder that later releases must read.

    PYTHONPATH=RELEASE:RELEASE/plugins python tests/golden/make_run.py tests/golden/0.1.0/run

Run it once with a release and commit the folder; never run it again for a release that is out. It runs a graph of a
released plugin, writes its outputs in every format that carries a graph, and keeps the cache.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
GRAPH = {
    "studio": 1,
    "title": "Golden run",
    "inputs": {
        "width": {"type": "int", "default": 24, "minimum": 8, "maximum": 64},
        "pitch": {"type": "float", "default": 440.0},
        "words": {"type": "list[text]", "default": ["a", "golden", "träumerei"]},
    },
    "nodes": {
        "paint": {"type": "golden.paint", "inputs": {"width": {"from": "inputs.width"}}},
        "shades": {
            "type": "golden.paint",
            "inputs": {"width": {"from": "inputs.width"}, "shade": [0.0, 0.25, 1.0]},
        },
        "cut": {"type": "golden.cut", "inputs": {"image": {"from": "paint"}}},
        "ring": {"type": "golden.ring", "inputs": {"pitch": {"from": "inputs.pitch"}}},
        "film": {"type": "golden.film", "inputs": {"image": {"from": "paint"}, "count": 3}},
        "name": {"type": "golden.name", "inputs": {"words": {"from": "inputs.words"}}},
    },
    "outputs": {
        "picture": {"from": "paint"},
        "shades": {"from": "shades"},
        "mask": {"from": "cut"},
        "sound": {"from": "ring"},
        "film": {"from": "film"},
        "name": {"from": "name"},
    },
}
"""A graph in which lists map, and whose values are of most types."""
FORMATS = {
    "picture": ("png", "jpg", "jpeg", "webp", "tif", "tiff"),
    "sound": ("wav", "flac", "mp3", "ogg", "opus", "m4a"),
    "film": ("mp4", "mkv", "webm", "mov", "gif"),
    "mask": ("png",),
}


def install_plugin(folder: Path) -> None:
    """Put the plugin into a folder of a search path, as pip leaves it after an installation from an index."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "studio_golden" / "studio_golden_types.py", folder)
    points = "[studio]\nstudio-golden = studio_golden_types\n"
    write_distribution(folder, "studio_golden", "1.0", "studio_golden_types.py", points)


def install_studio(folder: Path, package: Path, version: str) -> None:
    """Let a release of Studio be found in a folder of a search path; its code is that of a package elsewhere."""
    (folder / "studio").symlink_to(package)
    write_distribution(folder, "studio", version, "studio/__init__.py")


def write_distribution(folder: Path, name: str, version: str, file: str, points: str = "") -> None:
    """Write what pip writes of a distribution."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    (info / "entry_points.txt").write_text(points, encoding="utf-8")
    (info / "INSTALLER").write_text("pip\n", encoding="utf-8")
    files = [file, *(f"{info.name}/{path.name}" for path in sorted(info.iterdir()))]
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in [*files, f"{info.name}/RECORD"]), encoding="utf-8")


def run_studio(work: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the `studio` that can be imported here, with the plugin and a cache in the working folder."""
    path = os.pathsep.join(filter(None, [str(work / "plugin"), *sys.path[1:]]))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1", "STUDIO_CACHE_DIR": str(work / "cache")}
    code = "from studio.cli.main import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(
        command, cwd=work, env=environment, encoding="utf-8", errors="replace", capture_output=True, check=False
    )


def main(work: Path) -> None:
    """Run the graph, and write each output in each of its formats."""
    work.mkdir(parents=True)
    install_plugin(work / "plugin")
    (work / "graph.json").write_text(json.dumps(GRAPH, indent=1, ensure_ascii=False), encoding="utf-8")
    print(run_studio(work, "run", "graph.json", "-o", "files", "--device", "cpu").stderr)
    for output, extensions in FORMATS.items():
        for extension in extensions:
            template = "{output}." + extension
            done = run_studio(
                work, "run", "graph.json", "-o", "files", "--device", "cpu", "--only", output, "--name", template
            )
            if done.returncode:
                print(f"{extension}: {done.stderr.splitlines()[0]}")
    shutil.rmtree(work / "plugin")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
