"""`studio doctor`: check this machine, its settings and its plugins, and say what to do."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import click

from studio.api.builtin import create_builtin_value_types
from studio.app import read_settings
from studio.cache.storage_url import split_mode
from studio.cli.answer import answer
from studio.cli.main import DONE, FAILED
from studio.cli.options import json_option
from studio.cores import count_cores
from studio.errors import StudioError, describe_exception
from studio.registry import load_registry
from studio.runtime.devices import find_device
from studio.runtime.memory import show_bytes
from studio.settings import Settings, list_unknown_variables, suggest_variable
from studio.version import VERSION

_LIBRARIES = ("numpy", "pillow", "opencv-python-headless", "av", "soundfile", "torch", "diffusers", "transformers")
_LITTLE_SPACE = 2 * 2**30


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What was looked at.
        status: "ok", "warning", or "error" for what keeps Studio from working.
        found: What was found.
        hint: What to do; "" if it is well.
    """

    name: str
    status: Literal["ok", "warning", "error"]
    found: str
    hint: str = ""


@click.command("doctor")
@json_option
def command(as_json: bool) -> int:
    """Check this machine, the settings and the plugins; show a remedy for each problem.

    The command changes nothing and does not use the network.

    Exit codes: 0 Studio can work, with or without warnings; 1 an error.
    """
    checks = list(check_machine())
    failed = any(check.status == "error" for check in checks)
    if as_json:
        answer([asdict(check) for check in checks])
    else:
        _show(checks)
    return FAILED if failed else DONE


def _show(checks: list[Check]) -> None:
    width = max(len(check.name) for check in checks)
    marks = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "error": ("error", "red")}
    for check in checks:
        word, color = marks[check.status]
        click.echo(f"{click.style(f'{word:7}', fg=color)}  {check.name:{width}}  {check.found}")
        if check.hint:
            click.echo(f"{'':{width + 11}}hint: {check.hint}")


def check_machine() -> Iterator[Check]:
    """Look at everything, one thing after the other; one that fails does not keep the others from being looked at."""
    yield Check("studio", "ok", f"{VERSION}, Python {platform.python_version()}, {platform.platform(terse=True)}")
    yield _check_libraries()
    yield from _check_variables()
    try:
        settings = read_settings()
    except StudioError as error:
        yield Check("settings", "error", str(error).partition("\n")[0], error.hint)
        settings = Settings()
        yield Check("settings used", "warning", "the defaults, for what follows")
    else:
        yield Check("settings", "ok", "valid; `studio config show` lists them")
    yield Check("cores", "ok", f"{count_cores()} of {os.cpu_count()}, {settings.cpu_workers} threads for CPU work")
    for check in (_check_device, _check_cache, _check_models):
        yield _guard(check, settings)
    yield from _check_plugins(settings)
    yield _check_output()


def _guard(check: Callable[[Settings], Check], settings: Settings) -> Check:
    try:
        return check(settings)
    except StudioError as error:
        return Check(check.__name__.removeprefix("_check_"), "error", error.message, error.hint)
    except OSError as error:
        return Check(check.__name__.removeprefix("_check_"), "error", describe_exception(error))


def _check_libraries() -> Check:
    found = []
    for name in _LIBRARIES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return Check("libraries", "ok", ", ".join(found) or "none of those that the plugins use")


def _check_variables() -> Iterator[Check]:
    for name in list_unknown_variables():
        hint = suggest_variable(name) or "`studio config show` lists the settings"
        yield Check("environment", "warning", f"unknown setting {name}", hint)


def _check_device(settings: Settings) -> Check:
    device = find_device(settings.device, settings.dtype)
    found = f"{device.name}, {device.dtype}"
    cards = sorted(Path("/dev").glob("nvidia[0-9]*"))
    if device.kind == "cpu" and settings.device == "auto" and cards:
        hint = "install a build of torch with CUDA; see CUDA_VISIBLE_DEVICES too"
        return Check("device", "warning", f"{found}, though this machine has {len(cards)} GPUs", hint)
    return Check("device", "ok", found)


def _check_cache(settings: Settings) -> Check:
    folder = settings.cache_dir
    problem = _find_problem(folder)
    if settings.cache_url is not None:
        split_mode(settings.cache_url)
    if problem:
        return Check("cache", "error", f"{folder}: {problem}", "set cache_dir or STUDIO_CACHE_DIR")
    free = shutil.disk_usage(_find_existing(folder)).free
    found = f"{folder}, at most {show_bytes(settings.cache_bytes)}; {show_bytes(free)} free"
    if free < _LITTLE_SPACE:
        return Check("cache", "warning", found, "free space, or set cache_dir to another disk")
    return Check("cache", "ok", found)


def _check_models(settings: Settings) -> Check:
    problems = [
        f"{folder}: {problem}"
        for folder in (settings.models_dir, settings.hub_dir)
        if (problem := _find_problem(folder))
    ]
    if problems:
        return Check("models", "warning", "; ".join(problems), "set models_dir and hub_dir")
    return Check("models", "ok", f"{settings.models_dir}, hub {settings.hub_dir}")


def _find_problem(folder: Path) -> str:
    """Return why a folder cannot be written to, "" if it can."""
    place = _find_existing(folder)
    if not place.is_dir():
        return f"{place} is not a folder"
    return "" if os.access(place, os.W_OK | os.X_OK) else f"{place} cannot be written to"


def _find_existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _check_plugins(settings: Settings) -> Iterator[Check]:
    try:
        rows = load_registry(
            settings.plugins_dir,
            value_types=create_builtin_value_types(),
            disabled=settings.disabled_plugins,
            settings=settings.plugins,
            data_dir=settings.data_dir,
        ).plugins
    except StudioError as error:
        yield Check("plugins", "error", error.message, error.hint)
        return
    loaded = [row for row in rows if row.status == "ok"]
    count = sum(len(row.node_types) for row in loaded)
    disabled = sum(row.status == "disabled" for row in rows)
    more = f", {disabled} disabled" if disabled else ""
    found = f"{len(loaded)} loaded, {count} node types{more}"
    if loaded:
        yield Check("plugins", "ok", found)
    else:
        yield Check("plugins", "error", found, "install one, such as Studio's own: see `studio plugins`")
    for row in rows:
        if row.status == "failed":
            hint = f"see `studio plugins {row.key}`, or disable it: studio plugins disable {row.key}"
            yield Check("plugin", "warning", f"{row.name}: {row.problem}", hint)


def _check_output() -> Check:
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    if encoding.replace("-", "") != "utf8":
        return Check("terminal", "warning", f"its encoding is {encoding}", "set LANG=C.UTF-8 or PYTHONUTF8=1")
    return Check("terminal", "ok", encoding)
