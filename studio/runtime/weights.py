"""Weights on disk: which files count, whether they are safe and whole, and what they are; nothing is loaded."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from blake3 import blake3

from studio.errors import ModelError
from studio.runtime.safetensors_header import Header, hint_conversion, is_pickle, read_header

PICKLES = {".bin", ".ckpt", ".pt", ".pth", ".pkl", ".pickle"}
SAFE = {".safetensors", ".gguf"}
_NETWORKS = SAFE | {".onnx"}  # an ONNX file holds tensors and operators, and no code
_BESIDE = {".md", ".png", ".jpg", ".jpeg", ".webp", ".gif", ".svg", ".mp4", ".py", ".pyc", ".lock"} | PICKLES
_TEXTS = ("readme", "license", "licence", "notice", "copying")
_SPARED = ("safety_checker", "feature_extractor")  # parts that no image needs
_NO_NETWORK = ("tokenizer", "scheduler", "feature_extractor", "processor", "image_processor")
_MAX_FILES = 10_000

Stamp = tuple[str, int, int, int]


def find_files(path: Path) -> dict[str, Path]:
    """Return the files that matter, by their names below a folder; for a file itself, it alone.

    What does not change a model does not matter: hidden files, pictures, texts such as README.md, Python code
    and pickles, which are never read. Links are followed, folders too, as what loads the weights would.

    Raises:
        ModelError: E605 for a link that leads out of the folder to a file of another kind, or far too many files.
    """
    if path.is_file():
        return {path.name: path}
    found = {}
    for name, entry in _walk(str(path), "", (str(path),)):
        if _matters(entry.name):
            file = Path(entry.path)
            if entry.is_symlink():
                _check_link(path, name, file)
            found[name] = file
            if len(found) > _MAX_FILES:
                raise ModelError(
                    "E605",
                    f"{str(path)!r} has more than {_MAX_FILES} files, so it is not a folder of weights",
                    hint="name the folder with model_index.json or the weights in it",
                )
    return dict(sorted(found.items()))


def _walk(folder: str, prefix: str, above: tuple[str, ...]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(folder) as entries:
        rows = sorted(entries, key=lambda entry: entry.name)
    for entry in rows:
        if entry.name.startswith(".") or entry.name == "__pycache__":
            continue
        if entry.is_dir():
            if not (entry.is_symlink() and _is_loop(entry.path, above)):
                yield from _walk(entry.path, f"{prefix}{entry.name}/", (*above, entry.path))
        elif entry.is_file():
            yield prefix + entry.name, entry


def _is_loop(link: str, above: tuple[str, ...]) -> bool:
    """Say whether a link leads to a folder that it lies in."""
    real = os.path.realpath(link)
    return any(real == os.path.realpath(folder) for folder in above)


def _matters(name: str) -> bool:
    stem, suffix = os.path.splitext(name.lower())
    return suffix not in _BESIDE and not stem.startswith(_TEXTS)


def _check_link(folder: Path, name: str, file: Path) -> None:
    """Refuse a link that would make something else of the disk part of a model."""
    real = Path(os.path.realpath(file))
    if real.is_relative_to(os.path.realpath(folder)) or real.suffix.lower() == file.suffix.lower():
        return
    if real.parent.name != "blobs":  # where the hub cache has what its snapshots show
        raise ModelError(
            "E605",
            f"{name!r} in {str(folder)!r} is a link to {str(real)!r}, which is a file of another kind",
            hint="put a copy in its place if it is meant",
        )


def stamp(path: Path) -> Stamp:
    """Return what changes when a file changes, as far as the file system knows."""
    status = os.stat(path)
    return (str(path), status.st_size, status.st_mtime_ns, status.st_ino)


def digest_files(files: dict[str, Path], digest_file: Callable[[Path], str]) -> str:
    """Return the digest of files by names and bytes."""
    hasher = blake3()
    for name, file in files.items():
        hasher.update(f"{name}\0{digest_file(file)}\n".encode("utf-8", "surrogateescape"))
    return hasher.hexdigest()


def find_digest_list(path: Path) -> Path:
    """Return the list of digests of weights that ship with a plugin: beside them, as `b3sum` writes it."""
    return path.with_name(f"{path.name}.blake3.txt")


def write_digest_list(path: Path) -> Path:
    """Write the digests of all files of weights beside them."""
    target = find_digest_list(path)
    lines = [f"{hash_bytes(file)}  {name}\n" for name, file in find_files(path).items()]
    target.write_text("".join(lines), encoding="utf-8")
    return target


def compare_digests(path: Path) -> list[str] | None:
    """Return the files that differ from those that shipped; None if no list of digests ships with them.

    Raises:
        ModelError: E605 if the list of digests is damaged.
    """
    target = find_digest_list(path)
    if not target.is_file():
        return None
    rows = [line.partition("  ") for line in target.read_text(encoding="utf-8", errors="replace").splitlines() if line]
    shipped = {name: digest for digest, _, name in rows}
    if not shipped or not all(re.fullmatch("[0-9a-f]{64}", digest) for digest in shipped.values()):
        raise ModelError("E605", f"{target.name!r} contains no digests", where=str(target), hint="get it again")
    there = {name: hash_bytes(file) for name, file in find_files(path).items()}
    return sorted(name for name in shipped.keys() | there.keys() if shipped.get(name) != there.get(name))


def hash_bytes(path: Path) -> str:
    """Return blake3 of a file's bytes, read now."""
    hasher = blake3()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            hasher.update(chunk)
    return hasher.hexdigest()


class Inspector:
    """Checks weights and reads what they are; headers are read again only when a file changed."""

    def __init__(self) -> None:
        self._headers: dict[Stamp, Header] = {}
        self._sound: dict[Path, tuple[Stamp, ...]] = {}

    def find_header(self, path: Path) -> Header:
        """Return the checked header of a safetensors file.

        Raises:
            ModelError: E604 or E605 as `read_header`.
        """
        key = stamp(path)
        found = self._headers.get(key)
        if found is None:
            found = self._headers[key] = read_header(path)
        return found

    def check(self, path: Path) -> None:
        """Check that weights are safe to load and whole; sound ones are checked again only if they changed.

        Raises:
            ModelError: E604 for a pickle, E605 if they are damaged or incomplete, or there are none.
        """
        self.inspect(path)

    def inspect(self, path: Path) -> tuple[dict[str, Path], tuple[Stamp, ...]]:
        """Check weights as `check` does; return the files that matter, and their stamps."""
        if path.is_file():
            self._check_file(path)
            return {path.name: path}, (stamp(path),)
        files = find_files(path)
        stamps = tuple(stamp(file) for file in files.values())
        if self._sound.get(path) != stamps or not stamps:
            self._check_folder(path, files)
            for file in files.values():
                if file.suffix.lower() in SAFE:
                    self._check_file(file)
            self._sound[path] = stamps
        return files, stamps

    def _check_file(self, path: Path) -> None:
        suffix = path.suffix.lower()
        if suffix in PICKLES:
            raise refuse_pickle(path)
        if suffix == ".safetensors":
            self.find_header(path)
            return
        with path.open("rb") as file:
            start = file.read(64)
        if not start:
            raise ModelError("E605", f"{path.name!r} is empty", where=str(path), hint="get it again")
        if is_pickle(start) and suffix != ".zip":
            raise refuse_pickle(path)
        if suffix == ".gguf" and (start[:4] != b"GGUF" or len(start) < 24):
            raise ModelError("E605", f"{path.name!r} is not a GGUF file", where=str(path), hint="get it again")

    def _check_folder(self, path: Path, files: dict[str, Path]) -> None:
        if not any(file.suffix.lower() in _NETWORKS for file in files.values()):
            pickles = sorted(p for p in path.rglob("*") if p.suffix.lower() in PICKLES and p.is_file())
            if pickles:
                raise refuse_pickle(pickles[0])
            raise ModelError(
                "E605",
                f"there are no weights in the folder {str(path)!r}",
                hint="name a folder in diffusers format, a .safetensors, a .gguf or an .onnx file",
            )
        for name, file in files.items():
            if name.endswith(".index.json"):
                self._check_shards(file)
        for name in read_components(path):
            self._check_component(path, name)

    def _check_shards(self, index: Path) -> None:
        table = read_json(index)
        shards = table.get("weight_map", {})
        names = {str(name) for name in shards.values()} if isinstance(shards, dict) else set()
        if index.name.endswith(".safetensors.index.json"):
            for name in sorted(names):
                if not (index.parent / name).is_file():
                    raise ModelError(
                        "E605",
                        f"{name!r} is missing in the folder of {index.name!r}",
                        where=str(index),
                        hint="get it again",
                    )

    def _check_component(self, path: Path, name: str) -> None:
        folder = path / name
        if name in _SPARED:
            return
        if not folder.is_dir():
            raise ModelError(
                "E605",
                f"the folder {str(path)!r} has no {name!r}, which its model_index.json names",
                hint="get the model again: a copy or a download was cut short",
            )
        inside = [file for file in folder.iterdir() if file.is_file()]
        if any(file.suffix.lower() in SAFE for file in inside):
            return
        pickles = sorted(file for file in inside if file.suffix.lower() in PICKLES)
        if pickles:
            raise refuse_pickle(pickles[0])
        if (folder / "config.json").is_file() and not name.startswith(_NO_NETWORK):
            raise ModelError(
                "E605",
                f"{name!r} in {str(path)!r} has a configuration and no weights",
                hint="get the model again: a copy or a download was cut short",
            )

    def estimate(self, path: Path, dtype: str) -> int:
        """Return about how many bytes the weights take in memory, with floats as `dtype`."""
        width = 4 if dtype == "float32" else 2
        total = 0
        files = find_files(path)
        folders = {name for name in files if "/" in name}
        for name, file in files.items():
            if "model_index.json" in files and name not in folders:
                continue  # a single file with all of it beside the folders
            if file.suffix.lower() == ".safetensors":
                header = self.find_header(file)
                total += header.floats * width + header.other_bytes
            elif file.suffix.lower() in (".gguf", ".onnx"):
                total += file.stat().st_size
        return total


def refuse_pickle(path: Path) -> ModelError:
    """Return the error for weights that are a pickle."""
    return ModelError(
        "E604",
        f"{path.name!r} is a pickle, which can run any code when it is loaded",
        where=str(path),
        hint=hint_conversion(path),
    )


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object of a model's folder.

    Raises:
        ModelError: E605 if it is damaged or something else.
    """
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(table, dict):
            return table
    except (OSError, ValueError, RecursionError):
        pass
    raise ModelError("E605", f"{path.name!r} is not a JSON object", where=str(path), hint="get it again")


def read_components(path: Path) -> dict[str, str]:
    """Return the classes of a diffusers folder's components by name; {} for a folder of another kind."""
    index = path / "model_index.json"
    if not index.is_file():
        return {}
    rows = {name: row for name, row in read_json(index).items() if isinstance(row, list) and len(row) == 2}
    return {name: str(row[1]) for name, row in rows.items() if row[1] is not None and not name.startswith("_")}
