"""Files of emoji artwork: Noto Emoji, flat, and Fluent Emoji in 3D, each from a folder or from its archive.

Noto Emoji: 128 x 128 RGBA PNG, Apache-2.0 or OFL 1.1, Google LLC. Fluent Emoji in 3D: 256 x 256 RGBA WebP, MIT,
Microsoft Corporation, as the npm package `@lobehub/fluent-emoji-3d` packs it.
"""

from __future__ import annotations

import csv
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

_EMOJI_VARIATION = 0xFE0F

Reader = Callable[[str], bytes]
"""Returns the bytes of the file of a name."""


def read_names(folder: Path) -> dict[str, str]:
    """Return the names of Noto's artwork without skin tones, and the file of each."""
    with (folder / "names.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {row["name"]: row["file"] for row in reversed(rows) if row["skin_tone"] == "0"}


def open_noto(folder: Path, files: Mapping[str, str]) -> Reader:
    """Return a reader of Noto's artwork, from the files in a folder or from the `noto_emoji_128.tar` in it."""
    archive = folder / "noto_emoji_128.tar"
    if not archive.exists():
        return lambda name: (folder / files[name]).read_bytes()
    with tarfile.open(archive) as tar:
        contents = {PurePosixPath(m.name).name: _read_member(tar, m) for m in tar.getmembers() if m.isfile()}
    return lambda name: contents[files[name]]


def _read_member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    if file is None:
        raise ValueError(f"{member.name!r} of the archive is not a file")
    return file.read()


def read_fluent(path: Path, files: Mapping[str, str]) -> dict[str, bytes]:
    """Read the 3D artwork of every name that has one.

    Args:
        path: The package's archive (`.tgz`), or a folder that holds its files.
        files: Names, and Noto's file of each; both artworks name their files by code points.

    Returns:
        The bytes of a WebP file for each name found.
    """
    wanted = {parse_code_points(file): name for name, file in reversed(list(files.items()))}
    contents: dict[str, bytes] = {}
    if path.is_dir():
        for file in sorted(path.rglob("*.webp")):
            if name := wanted.get(parse_code_points(file.name)):
                contents[name] = file.read_bytes()
    else:
        with tarfile.open(path) as tar:
            for member in tar:
                if member.name.endswith(".webp") and (name := wanted.get(parse_code_points(member.name))):
                    contents[name] = _read_member(tar, member)
    if not contents:
        raise ValueError(f"{path} has no artwork of the names in names.tsv")
    return contents


def parse_code_points(file: str) -> tuple[int, ...]:
    """Return the code points in a file's name, without the mark that asks for an emoji; () if it has none."""
    stem = PurePosixPath(file).stem.removeprefix("emoji_u").replace("_", "-")
    try:
        points = [int(part, 16) for part in stem.split("-")]
    except ValueError:
        return ()
    return tuple(point for point in points if point != _EMOJI_VARIATION)
