"""Wheels of plugins: built from a project without network, and compared with the files of its package."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable, Mapping
from email.parser import Parser
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from studio.api.hooks import PROJECT
from studio.errors import UsageError
from studio.version import REQUIREMENT

_BUILD = """\
import importlib, sys
name, _, attribute = sys.argv[1].partition(":")
sys.path[:0] = [path for path in sys.argv[3:]]
backend = importlib.import_module(name)
for part in filter(None, attribute.split(".")):
    backend = getattr(backend, part)
print(backend.build_wheel(sys.argv[2]))
"""
_LEFT_OUT = ("__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".git")


def build_wheel(project: Path | str, folder: Path | str) -> Path:
    """Build the wheel of a project with the build backend that is installed, and return its path.

    Nothing is downloaded: the backend that `pyproject.toml` names must be installed here. The project is copied first,
    so that nothing is left in it.

    Args:
        project: The folder with `pyproject.toml`.
        folder: Where to write the wheel; it is created if it does not exist.

    Raises:
        UsageError: E022 if it cannot be built.
    """
    source, target = Path(project).resolve(), Path(folder).resolve()
    target.mkdir(parents=True, exist_ok=True)
    build = _read_build_system(source)
    _check_requirements(source, [str(text) for text in _list(build.get("requires"))])
    with tempfile.TemporaryDirectory(prefix="studio-wheel-") as name:
        copy = Path(name) / source.name
        shutil.copytree(source, copy, ignore=shutil.ignore_patterns(*_LEFT_OUT, "build", "dist", "*.egg-info", ".venv"))
        backend = str(build.get("build-backend", "setuptools.build_meta:__legacy__"))
        paths = [str(copy / str(path)) for path in _list(build.get("backend-path"))]
        done = subprocess.run(
            [sys.executable, "-c", _BUILD, backend, str(target), *paths],
            cwd=copy,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        hint = f"install {', '.join(map(str, _list(build.get('requires')))) or 'the build backend'}, or correct it"
        raise UsageError("E022", f"{source.name!r} cannot be built: {last}", where=str(source), hint=hint)
    return target / done.stdout.strip().splitlines()[-1]


def _read_build_system(project: Path) -> Mapping[str, object]:
    try:
        found = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{str(project)!r} has no pyproject.toml that can be read: {error}"
        raise UsageError("E022", message, hint="name the folder of a project") from None
    build: Mapping[str, object] = found.get("build-system", {})
    return build


def _check_requirements(project: Path, requires: Iterable[str]) -> None:
    """Check that what builds a project is installed here in a version that it takes."""
    for text in requires:
        try:
            requirement = Requirement(text)
            version = importlib.metadata.version(requirement.name)
        except (InvalidRequirement, importlib.metadata.PackageNotFoundError):
            version = ""
        else:
            if requirement.specifier.contains(version, prereleases=True):
                continue
        found = f"{version} is installed" if version else "it is not installed"
        raise UsageError(
            "E022",
            f"{project.name!r} needs {text!r} to be built, and {found}",
            where=str(project),
            hint=f"pip install '{text}'",
        )


def _list(value: object) -> Iterable[object]:
    return value if isinstance(value, list) else []


def find_wheel_problems(wheel: Path, package: Path, name: str) -> list[str]:
    """Return what a wheel lacks: files of the package, the entry point, the requirement of Studio.

    Args:
        wheel: The wheel.
        package: The folder of the package, or the file of the module.
        name: How the package is imported.
    """
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        texts = {n.rpartition("/")[2]: archive.read(n).decode("utf-8") for n in names if ".dist-info/" in n}
    problems = [
        f"{file!r} is not in the wheel; add it to [tool.setuptools.package-data], or let packages.find see its package"
        for file in _list_files(package, name)
        if file not in names
    ]
    points = texts.get("entry_points.txt", "")
    if f"= {name}" not in points.partition("[studio]")[2].partition("\n[")[0]:
        problems.append(f'it has no entry point for {name!r}; write [project.entry-points.studio] name = "{name}"')
    if not depends_on_studio(Parser().parsestr(texts["METADATA"]).get_all("Requires-Dist") or ()):
        problems.append(f'it does not depend on studio; add "{REQUIREMENT}" to the dependencies')
    return problems


def depends_on_studio(requirements: Iterable[str]) -> bool:
    """Say whether Studio is among the requirements of a distribution."""
    return any(Requirement(text).name.lower() == PROJECT for text in requirements)


def _list_files(package: Path, name: str) -> list[str]:
    """Return the files of a package as a wheel names them."""
    folder = name.replace(".", "/")
    if package.is_file():
        return [f"{folder}.py"]
    files = [path.relative_to(package) for path in package.rglob("*") if path.is_file()]
    return sorted(
        f"{folder}/{file.as_posix()}"
        for file in files
        if file.suffix != ".pyc" and not any(part.startswith(".") or part in _LEFT_OUT for part in file.parts)
    )
