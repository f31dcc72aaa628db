"""Makes the entry points of a project known without installing it."""

from __future__ import annotations

import tomllib
from pathlib import Path


def write_distribution(project: Path, site: Path, *, groups: tuple[str, ...] = ("studio", "pytest11")) -> Path:
    """Write the metadata of a project into a folder for `PYTHONPATH`, as an editable install would; return the folder.

    Args:
        project: The folder with `pyproject.toml`.
        site: The folder; it is created if it does not exist.
        groups: The groups of entry points to write.
    """
    found = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    name, version = f"{found['name']}-known".replace("-", "_"), found["version"]
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    requires = "".join(f"Requires-Dist: {text}\n" for text in found["dependencies"])
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: known\n{requires}"
    (info / "METADATA").write_text(about, "utf-8")
    points = {group: rows for group, rows in found.get("entry-points", {}).items() if group in groups}
    lines = [
        line for group, rows in points.items() for line in (f"[{group}]", *(f"{n} = {v}" for n, v in rows.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return site
