"""`check_value_type`: checks on values whether a value type does what the cache and files need of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.api import MediaLimits, ValueType
from studio.api.builtin import create_builtin_value_types
from studio.errors import MediaError
from studio.testing.codecs import find_codec_problems, find_value_problems
from studio.testing.failures import describe_error
from studio.testing.report import Report
from studio.testing.variation import are_equal
from studio.testing.workspace import GivenPlugin, Workspace, open_workspace

_PROVENANCE = '{"studio": 1, "checked": "é"}'


def check_value_type(value_type: ValueType[Any], /, *values: Any) -> Report:
    """Check a value type on values, as the cache and the writer of files would use it.

    It must:

    - be declared whole: name, class, `studio_type` of the class, extensions;
    - accept, describe and measure each value;
    - restore each value from what `pack` returned, with an equal digest, and give different values different digests;
    - leave values as they are;
    - write each value to a file of each of its extensions, read it back, and keep the provenance, if it does these;
    - refuse files that are empty, cut or something else with MediaError.

    Args:
        value_type: The value type.
        *values: Some values of its class, as different as they can be. Two equal ones should not be among them.

    Returns:
        The checks, and why some were skipped.

    Raises:
        AssertionError: Some checks failed; the message lists all of them, each with what to do.
    """
    __tracebackhide__ = True
    report = examine_value_type(value_type, values)
    report.require()
    return report


def examine_value_type(value_type: ValueType[Any], values: tuple[Any, ...]) -> Report:
    """Return the checks of a value type, as `check_value_type` describes them."""
    report = Report(f"value type {getattr(value_type, 'name', type(value_type).__name__)!r}")
    own = {type(one) for one in create_builtin_value_types()}
    plugins = [] if type(value_type) in own else [("checked", GivenPlugin(value_types=[value_type]))]
    with open_workspace(plugins) as workspace:
        if report.add("registration", workspace.find_load_problems()) and report.add(
            "values", _find_example_problems(value_type, values)
        ):
            _examine(workspace, report, value_type, values)
    return report


def _find_example_problems(value_type: ValueType[Any], values: tuple[Any, ...]) -> list[str]:
    if not values:
        return ["no values are given; give some, as different as they can be"]
    expected = value_type.python
    return [
        f"{value!r:.80} is not {expected.__name__}, the class that `python` names"
        for value in values
        if type(value) is not expected
    ]


def _examine(workspace: Workspace, report: Report, value_type: ValueType[Any], values: tuple[Any, ...]) -> None:
    usable = report.add("methods", _find_all(workspace, values, find_value_problems))
    if not report.add("codec", _find_all(workspace, values, find_codec_problems)) or not usable:
        return
    digests = [workspace.digest(value) for value in values]
    report.add("digests", _find_equal_digests(values, digests))
    _check_files(workspace, report, value_type, values)
    report.add(
        "unchanged",
        [
            f"value {number} has another digest after it was described, packed and written; leave values as they are"
            for number, value in enumerate(values)
            if workspace.digest(value) != digests[number]
        ],
    )


def _find_all(workspace: Workspace, values: tuple[Any, ...], find: Any) -> list[str]:
    return [f"value {number}: {problem}" for number, value in enumerate(values) for problem in find(workspace, value)]


def _find_equal_digests(values: tuple[Any, ...], digests: list[str]) -> list[str]:
    return [
        f"values {first} and {second} are equal; give values that differ"
        if are_equal(values[first], values[second])
        else f"values {first} and {second} have one digest. If they differ, the cache would mix them up: "
        "let pack() contain all that distinguishes values"
        for second in range(len(values))
        for first in range(second)
        if digests[first] == digests[second]
    ]


# -- files -----------------------------------------------------------------------------------------


def _check_files(workspace: Workspace, report: Report, value_type: ValueType[Any], values: tuple[Any, ...]) -> None:
    kind = type(value_type)
    if not value_type.extensions:
        _check_without_extensions(report, kind)
        return
    problems, unstated, written = [], [], []
    for extension in value_type.extensions:
        for number, value in enumerate(values):
            path = workspace.folder / f"value-{number}.{extension}"
            found = _find_writing_problems(value_type, value, path)
            problems += [f"value {number} as .{extension}: {problem}" for problem in found]
            if not found:
                written.append(path)
                unstated += _find_reading_problems(workspace, value_type, value, path, problems)
    report.add("files", problems)
    if unstated:
        report.skip("lossless files", "; ".join(unstated))
    if written and kind.read_file is not ValueType.read_file:
        report.add("damaged files", _find_hostile_problems(workspace, value_type, written[0]))


def _check_without_extensions(report: Report, kind: type[ValueType[Any]]) -> None:
    methods = [name for name in ("read_file", "write_file") if getattr(kind, name) is not getattr(ValueType, name)]
    if methods:
        report.add("files", [f"it has {methods[0]}() and no extensions; name the extensions of its files"])
    else:
        report.skip("files", "it has no extensions: its values are not written to files")


def _find_writing_problems(value_type: ValueType[Any], value: Any, path: Path) -> list[str]:
    try:
        loss = value_type.find_loss(value, path)
        value_type.write_file(value, path, _PROVENANCE)
    except (Exception, SystemExit) as error:  # the author's method
        return [f"writing raised {describe_error(error)}; write it, or take the extension away"]
    if not isinstance(loss, str):
        return [f'find_loss() returned {loss!r}; return a text, "" if nothing is lost']
    if not path.is_file():
        return ["write_file() wrote no file at the path that it got"]
    return _find_provenance_problems(value_type, path)


def _find_provenance_problems(value_type: ValueType[Any], path: Path) -> list[str]:
    if type(value_type).read_provenance is ValueType.read_provenance:
        return []
    try:
        carried = value_type.read_provenance(path)
    except (Exception, SystemExit) as error:  # the author's method
        return [f"read_provenance() raised {describe_error(error)}"]
    if carried not in (None, _PROVENANCE):
        return [f"read_provenance() returned {carried!r:.80}, and {_PROVENANCE!r} was written; keep it as it is"]
    return []


def _find_reading_problems(
    workspace: Workspace, value_type: ValueType[Any], value: Any, path: Path, problems: list[str]
) -> list[str]:
    """Read a file back; add what is wrong to the problems, and return what is lost without a word."""
    if type(value_type).read_file is ValueType.read_file:
        return []
    try:
        again = value_type.read_file(path, MediaLimits())
        doubts = list(value_type.find_doubts(path, MediaLimits()))
    except (Exception, SystemExit) as error:  # the author's method
        problems.append(f"{path.name}: reading it back raised {describe_error(error)}; read what it writes")
        return []
    if type(again) is not value_type.python:
        problems.append(f"{path.name}: read_file() returned a {type(again).__name__}")
        return []
    if any(not isinstance(doubt, str) for doubt in doubts):
        problems.append(f"{path.name}: find_doubts() returned {doubts!r:.80}; return texts")
    if workspace.digest(again) == workspace.digest(value) or value_type.find_loss(value, path):
        return []
    return [f"{path.name} reads back as another value, and find_loss() does not say what is lost"]


def _find_hostile_problems(workspace: Workspace, value_type: ValueType[Any], good: Path) -> list[str]:
    data = good.read_bytes()
    hostile = {"empty": b"", "cut": data[: len(data) // 2], "foreign": b"\x00\xff no such format \n" * 8}
    problems = []
    for what, content in hostile.items():
        path = workspace.folder / f"{what}{good.suffix}"
        path.write_bytes(content)
        try:
            value_type.read_file(path, MediaLimits())
        except MediaError:
            continue
        except (Exception, SystemExit) as error:  # the author's method
            problems.append(f"a file that is {what} raised {describe_error(error)}; raise MediaError E511")
        else:
            if what != "cut":  # some formats can be read to where they were cut
                problems.append(f"a file that is {what} was read; raise MediaError E511")
    return problems
