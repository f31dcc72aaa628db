"""`check_model_opener`: checks on weights whether a model opener does what leases and budgets need of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.api import Model, ModelError, ModelOpener, hookimpl
from studio.errors import StudioError
from studio.runtime.devices import Device
from studio.testing.failures import describe_error
from studio.testing.report import Report
from studio.testing.workspace import Workspace, open_workspace

_MOST_MEASURES = 100


class _OpenerPlugin:
    def __init__(self, opener: ModelOpener, models: Mapping[str, Path]) -> None:
        self._opener = opener
        self._models = models

    @hookimpl
    def studio_model_openers(self) -> list[ModelOpener]:
        return [self._opener]

    @hookimpl
    def studio_models(self) -> Mapping[str, Path]:
        return self._models


def check_model_opener(
    opener: ModelOpener,
    weights: Path | str,
    /,
    *,
    options: Mapping[str, Any] | None = None,
    device: str = "cpu",
    dtype: str = "float32",
) -> Report:
    """Check a model opener on weights, as `ctx.open` would use it.

    It must:

    - know the weights, and say that it does not know a file and a folder of something else;
    - say their kind in a word, or None;
    - open them under Studio's rules: safetensors, no network;
    - measure the model and its parts in bytes;
    - end with `save_memory`, and undo its measures;
    - close what it opened, and open it again;
    - keep no state.

    Args:
        opener: The opener.
        weights: A small file or folder of weights.
        options: Load options of the model reference.
        device: Where to open: "cpu", "cuda", "cuda:N" or "mps".
        dtype: "float32", "float16" or "bfloat16".

    Returns:
        The checks, and why some were skipped.

    Raises:
        AssertionError: Some checks failed; the message lists all of them, each with what to do.
        UsageError: E002 if this machine does not have the device.
    """
    __tracebackhide__ = True
    report = examine_model_opener(opener, Path(weights), options or {}, device=device, dtype=dtype)
    report.require()
    return report


def examine_model_opener(
    opener: ModelOpener, weights: Path, options: Mapping[str, Any], *, device: str, dtype: str
) -> Report:
    """Return the checks of an opener, as `check_model_opener` describes them."""
    report = Report(f"opener {type(opener).__name__} with {weights.name!r}")
    path = weights.resolve()
    model = Model("builtin:checked", tuple(options.items()))
    before = dict(getattr(opener, "__dict__", {}))
    with open_workspace(
        [("checked", _OpenerPlugin(opener, {"checked": path}))], device=device, dtype=dtype
    ) as workspace:
        if report.add("registration", workspace.find_load_problems()) and report.add(
            "weights", _find_weights_problems(workspace, model)
        ):
            report.add("can_open", _find_recognition_problems(workspace, opener, path, model))
            report.add("find_kind", _find_kind_problems(opener, path, model))
            _check_opened(workspace, report, opener, model)
    if dict(getattr(opener, "__dict__", {})) != before:
        report.add("state", ["opening changed the attributes of the opener; keep what is loaded in the model"])
    return report


def _find_weights_problems(workspace: Workspace, model: Model) -> list[str]:
    try:
        workspace.studio.models.library.check(model)
    except StudioError as error:
        return [f"{error.message}; {error.hint or 'give weights that exist'}"]
    return []


def _find_recognition_problems(workspace: Workspace, opener: ModelOpener, path: Path, model: Model) -> list[str]:
    foreign = workspace.folder / "foreign"
    foreign.mkdir()
    (foreign / "config.json").write_text('{"foreign": true}', encoding="utf-8")
    file = workspace.folder / "foreign.safetensors"
    file.write_bytes(b"\x02\x00\x00\x00\x00\x00\x00\x00{}")
    problems = []
    for place, expected in ((path, True), (foreign, False), (file, False)):
        try:
            found = opener.can_open(place, model)
        except (Exception, SystemExit) as error:  # the author's method
            problems.append(f"can_open raised {describe_error(error)} for {place.name!r}; return False")
            continue
        if found is not expected:
            problems.append(f"can_open returned {found!r} for {place.name!r}; return {expected}")
    return problems


def _find_kind_problems(opener: ModelOpener, path: Path, model: Model) -> list[str]:
    try:
        kind = opener.find_kind(path, model)
    except (Exception, SystemExit) as error:  # the author's method
        return [f"find_kind raised {describe_error(error)}; return None for an unknown kind"]
    if kind is not None and not (isinstance(kind, str) and kind):
        return [f"find_kind returned {kind!r:.80}; return a word such as 'pipeline', or None"]
    return []


def _check_opened(workspace: Workspace, report: Report, opener: ModelOpener, model: Model) -> None:
    device: Device = workspace.studio.device
    models = workspace.studio.models
    try:
        with models.open(model, device) as opened:
            report.add("open", [])
            report.add("measure", _find_size_problems(opener, opened))
            report.add("save_memory", _find_memory_problems(opener, opened))
        models.evict_idle()
        with models.open(model, device):
            report.add("close and open again", [])
        models.evict_idle()
    except ModelError as error:
        report.add("open", [f"{error.message}; {error.hint or 'correct it'}"])
    except (Exception, SystemExit) as error:  # the author's methods
        report.add("open", [f"opening raised {describe_error(error)}"])


def _find_size_problems(opener: ModelOpener, opened: Any) -> list[str]:
    try:
        size = opener.measure(opened)
    except (Exception, SystemExit) as error:  # the author's method
        return [f"measure raised {describe_error(error)}"]
    if not isinstance(size, int) or isinstance(size, bool) or size <= 0:
        return [f"measure returned {size!r}; return the memory of the model in bytes, as an int over 0"]
    return []


def _find_memory_problems(opener: ModelOpener, opened: Any) -> list[str]:
    try:
        for _ in range(_MOST_MEASURES):
            measure = opener.save_memory(opened)
            if measure is None:
                break
            if not isinstance(measure, str) or not measure:
                return [f"save_memory returned {measure!r}; return the measure in words, or None"]
        else:
            return [f"save_memory took {_MOST_MEASURES} measures; return None when none is left"]
        opener.undo_measures(opened)
    except (Exception, SystemExit) as error:  # the author's methods
        return [f"saving memory raised {describe_error(error)}"]
    return []
