"""What weights are, read from their headers and configurations: class, size, license, components."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from studio.runtime.weights import SAFE, Inspector, find_files, read_components, read_json


@dataclass(frozen=True)
class Component:
    """A part of a model: its folder, its class, its size, and the types of its numbers with how many there are."""

    name: str
    kind: str
    bytes: int
    numbers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Description:
    """What weights are, read without loading them."""

    reference: str
    path: str
    kind: str
    bytes: int
    digest: str
    license: str
    components: list[Component]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return asdict(self)


def describe_weights(reference: str, path: Path, digest: str, inspector: Inspector) -> Description:
    """Describe weights without loading them.

    Args:
        reference: The model reference that they were found by.
        path: Where they are.
        digest: Their content hash.
        inspector: Reads headers.
    """
    files = find_files(path)
    size = _measure(files.values())
    components = list(_describe_components(path, files, inspector))
    return Description(reference, str(path), _find_kind(path), size, digest, _find_license(path), components)


def _describe_components(path: Path, files: Mapping[str, Path], inspector: Inspector) -> Iterator[Component]:
    kinds = read_components(path) if path.is_dir() else {}
    for name, inside in _group(path, files, kinds).items():
        kind = kinds.get(name) or (_find_kind(path / name) if path.is_dir() else "")
        yield Component(name, kind, _measure(inside), _count_numbers(inside, inspector))


def _group(path: Path, files: Mapping[str, Path], kinds: Iterable[str]) -> dict[str, list[Path]]:
    """Return the files of each component; those of no subfolder under ""."""
    groups: dict[str, list[Path]] = {name: [] for name in kinds}
    for name, file in files.items():
        folder, slash, _ = name.partition("/")
        if path.is_file() or file.suffix.lower() in SAFE or folder in kinds:
            groups.setdefault(folder if slash else "", []).append(file)
    return groups


def _count_numbers(files: Iterable[Path], inspector: Inspector) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for file in files:
        if file.suffix.lower() == ".safetensors":
            for kind, count in inspector.find_header(file).numbers.items():
                numbers[kind] = numbers.get(kind, 0) + count
    return numbers


def _measure(files: Iterable[Path]) -> int:
    return sum(file.stat().st_size for file in files)


def _find_kind(path: Path) -> str:
    """Return the class that a folder's configuration names, or what kind of file it is."""
    if path.is_file():
        return {".safetensors": "safetensors file", ".gguf": "GGUF file", ".onnx": "ONNX file"}.get(
            path.suffix.lower(), "file"
        )
    for name in ("model_index.json", "config.json"):
        if (path / name).is_file():
            table = read_json(path / name)
            architectures = table.get("architectures")
            first = architectures[0] if isinstance(architectures, list) and architectures else ""
            return str(table.get("_class_name") or first or table.get("model_type") or "folder")
    return "folder"


def _find_license(path: Path) -> str:
    """Return the license that the model card names between its first two lines of dashes, or ""."""
    card = path / "README.md"
    if not card.is_file():
        return ""
    head = card.read_text(encoding="utf-8", errors="replace")[:20_000].split("---")
    found = re.search(r"^licen[sc]e(?:_name)?:\s*(\S.*)$", head[1], re.M) if len(head) > 2 else None
    return found[1].strip().strip("\"'") if found else ""
