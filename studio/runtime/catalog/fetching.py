"""Fetches the files of a source into a folder, from packages or from a folder that the user names, and checks them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from studio.errors import ModelError
from studio.runtime.catalog.archives import append_file, check_digest, open_archive
from studio.runtime.catalog.entry import Part, Source
from studio.runtime.catalog.packages import Package, fetch_package

Report = Callable[[str], None]


@dataclass
class Fetched:
    """What came.

    Attributes:
        digests: SHA-256 of each part, by its origin and path.
        licenses: Licenses that lay in the packages, by file name.
    """

    digests: dict[str, str] = field(default_factory=dict)
    licenses: dict[str, bytes] = field(default_factory=dict)


def fetch_parts(source: Source, folder: Path, scratch: Path, report: Report) -> Fetched:
    """Fetch the parts of a source from their packages.

    Args:
        source: A source with parts.
        folder: Where its files go, by the names of the parts.
        scratch: An empty folder for packages.
        report: Called with a line for each package.

    Raises:
        ModelError: E602 if the user has to give a file, E605 for a wrong digest, E607 and E608 as `fetch_package`.
    """
    for part in source.parts:
        if part.origin == "file":
            raise ModelError(
                "E602", f"{part.path!r} is in no package", hint=f"get it yourself, then: --from DIR with {part.path!r}"
            )
    archives: dict[Package, Path] = {}
    for package in dict.fromkeys(map(_find_package, source.parts)):
        report(f"fetching {package.target} with {package.registry}")
        place = scratch / str(len(archives))
        place.mkdir()
        archives[package] = fetch_package(package, place)
    return _take(source.parts, {}, archives, folder)


def take_parts(source: Source, given: Path, folder: Path) -> Fetched | None:
    """Take the parts of a source from a folder of the user's; None if it does not have all of them.

    Each may be a file there, by its path in the package or by its name, or be in the package as pip or npm wrote it.

    Raises:
        ModelError: E605 for a wrong digest.
    """
    files: dict[Part, Path] = {}
    archives: dict[Package, Path] = {}
    for part in source.parts:
        archive, file = _find_archive(part, given), _find_file(part, given)
        if archive is not None:
            archives[_find_package(part)] = archive
        elif file is not None:
            files[part] = file
        else:
            return None
    return _take(source.parts, files, archives, folder)


def _take(parts: Iterable[Part], files: Mapping[Part, Path], archives: Mapping[Package, Path], folder: Path) -> Fetched:
    """Put each part where it belongs, from a file or from its package, in the order of the parts."""
    fetched = Fetched()
    with ExitStack() as stack:
        opened = {package: stack.enter_context(open_archive(path)) for package, path in archives.items()}
        for part in parts:
            target = folder / part.name
            target.parent.mkdir(parents=True, exist_ok=True)
            if part in files:
                digest = _append(part, files[part], target)
            else:
                digest = opened[_find_package(part)].append(part, target)
            fetched.digests[f"{part.origin} {part.path}"] = digest
        for package, archive in opened.items():
            name = package.target.replace("/", "-").lstrip("@")
            fetched.licenses |= {f"LICENSE-{name}-{file}": text for file, text in archive.list_licenses()}
    return fetched


def _append(part: Part, path: Path, target: Path) -> str:
    with path.open("rb") as file:
        digest = append_file(file, target, path.stat().st_size)
    check_digest(part, digest, path)
    return digest


def _find_package(part: Part) -> Package:
    return Package(part.origin, part.platform)


def _find_file(part: Part, given: Path) -> Path | None:
    for name in dict.fromkeys((part.path, part.name, Path(part.path).name)):
        path = given / name
        if path.is_file() and part.bytes in (0, path.stat().st_size):
            return path
    return None


def _find_archive(part: Part, given: Path) -> Path | None:
    """Return the package of a part, if the folder has it."""
    if part.origin == "file":
        return None
    start = _find_package(part).file_name_start.lower()
    for path in sorted(given.iterdir()):
        if path.suffix in (".whl", ".tgz") and path.name.lower().startswith(start) and part.platform in path.name:
            return path
    return None
