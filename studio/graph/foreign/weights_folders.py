"""Where another program keeps its weights: folders for each kind, and `extra_model_paths.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from studio.graph.foreign.fault import refuse

_ALIASES = {
    "unet": "diffusion_models",
    "clip": "text_encoders",
    "t2i_adapter": "controlnet",
    "lora": "loras",
    "upscale": "upscale_models",
}
_LARGEST = 2**20
FOLDER_INDEX = "model_index.json"


@dataclass(frozen=True)
class WeightsFolders:
    """Folders of weights, by kind.

    Attributes:
        base: Folder that has "models" beside the graph.
        folders: Folders by kind, in the order in which they are searched.
        start: Folder that references are relative to, which is the current one of a run.
    """

    base: Path
    folders: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    start: Path = field(default_factory=Path.cwd)

    def find(self, kind: str, name: str) -> Path | None:
        """Return a file or a folder of a kind.

        A folder of diffusers with the file's name, with or without its extension, comes before the file.
        """
        for folder in self._list_folders(kind):
            path = folder / name
            for one in (path.with_suffix(""), path):
                if (one / FOLDER_INDEX).is_file() or (one / "config.json").is_file():
                    return one
            if path.exists():
                return path
        return None

    def write_reference(self, kind: str, name: str) -> str:
        """Return the reference to weights: relative if they are below the current folder."""
        found = self.find(kind, name)
        path = found if found is not None else self.base / "models" / kind / name
        if path.is_relative_to(self.start):
            return f"file:{path.relative_to(self.start).as_posix()}"
        return f"file:{path.as_posix()}"

    def _list_folders(self, kind: str) -> Iterator[Path]:
        kind = _ALIASES.get(kind, kind)
        yield from self.folders.get(kind, ())
        yield self.base / "models" / kind
        for alias, known in _ALIASES.items():
            if known == kind:
                yield self.base / "models" / alias


def check_name(name: str) -> str | None:
    """Return the name of a file in a folder with / between its parts, or None if it leads out of the folder."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or any(part in ("..", "/") or ":" in part or "\0" in part for part in parts):
        return None
    return "/".join(parts)


def read_folders(given: Path | None, base: Path) -> WeightsFolders:
    """Return the folders that a person names: a folder with a folder for each kind, or a YAML file that lists some.

    Raises:
        UsageError: E029 if the file cannot be read.
    """
    if given is None:
        return WeightsFolders(base)
    if given.is_dir():
        return WeightsFolders(base, _list_kinds(given.resolve()))
    try:
        if given.stat().st_size > _LARGEST:
            raise refuse(f"{str(given)!r} has more than {_LARGEST} bytes", hint="name an extra_model_paths.yaml")
        text = given.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise refuse(f"{str(given)!r} cannot be read: {error}", hint="name a folder, or a YAML file") from None
    return WeightsFolders(base, _parse_paths(text, given.resolve().parent))


def _list_kinds(folder: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    root = folder / "models" if (folder / "models").is_dir() else folder
    for path in sorted(root.iterdir()):
        if path.is_dir():
            found.setdefault(_ALIASES.get(path.name, path.name), []).append(path)
    return found


def _parse_paths(text: str, start: Path) -> dict[str, list[Path]]:
    """Parse the YAML of ComfyUI: sections with a base path, and for each kind one path or several lines."""
    found: dict[str, list[Path]] = {}
    base, kind = start, ""
    for line in text.splitlines():
        content = line.split(" #")[0].rstrip()
        if not content.strip() or content.lstrip().startswith("#"):
            continue
        depth = len(content) - len(content.lstrip())
        key, colon, value = content.strip().partition(":")
        value = value.strip().strip("'\"")
        if depth == 0:
            base, kind = start, ""
        elif colon and key == "base_path":
            base = _join(start, value)
        elif colon and key.isidentifier() and key != "is_default":
            kind = _ALIASES.get(key, key)
            if value not in ("", "|", ">"):
                found.setdefault(kind, []).append(_join(base, value))
        elif kind and key != "is_default":
            found.setdefault(kind, []).append(_join(base, content.strip().removeprefix("- ").strip("'\"")))
    return found


def _join(base: Path, value: str) -> Path:
    return base / Path(value).expanduser()
