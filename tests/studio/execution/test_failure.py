"""Whatever a node type raises becomes the error of its node."""

from __future__ import annotations

import errno
import importlib

import pytest
from fakes import Probe, get_error, graph

from studio.app import Studio
from studio.errors import StudioError
from studio.execution.failure import describe_inputs, explain_failure

CHAIN = {"a": ("fake.add", {"a": 1}), "b": ("fake.add", {"a": "@a"}), "c": ("fake.add", {"a": "@b"})}


@pytest.mark.parametrize(
    ("kind", "code", "text"),
    [
        ("error", "E301", "RuntimeError: nope"),
        ("exit", "E301", "tried to end the program"),
        ("interrupt", "E301", "tried to end the program"),
        ("memory", "E304", "ran out of memory"),
        ("hint", "E399", "the moon is full"),
        ("base", "E301", "Blow: boom"),
        ("generator exit", "E301", "GeneratorExit"),
        ("cancelled", "E301", "was not cancelled"),
        ("disk", "E310", "disk is full"),
    ],
)
def test_whatever_a_node_raises_is_its_own_error(studio: Studio, kind: str, code: str, text: str) -> None:
    nodes = {
        "f": ("fake.fail", {"kind": kind, "a": 7}),
        "after": ("fake.add", {"a": "@f"}),
        "other": ("fake.add", {"a": 1}),
    }
    result = studio.run(graph(nodes, bad="after", good="other"))
    error = get_error(result)

    assert (result.status, result.outputs) == ("partly done", {"good": 2})
    assert error.code == code
    assert text in error.message
    assert "'f' (fake.fail)" in error.message
    assert "a=7" in error.inputs  # type: ignore[attr-defined]  # a NodeError
    assert studio.run(graph(CHAIN, o="c"))["o"] == 4  # the lanes still work


def test_a_hint_of_the_node_reaches_the_user(studio: Studio) -> None:
    assert get_error(studio.run(graph({"f": ("fake.fail", {"kind": "hint"})}, o="f"))).hint == "wait a week"


def test_a_failure_is_not_cached(studio: Studio, probe: Probe) -> None:
    for _ in range(2):
        assert studio.run(graph({"f": ("fake.fail", {})}, o="f")).status == "failed"

    assert probe.calls["fail"] == 2


def test_a_wrong_output_is_the_error_of_the_node_that_made_it(studio: Studio) -> None:
    error = get_error(studio.run(graph({"w": ("fake.wrong", {}), "a": ("fake.add", {"a": "@w"})}, o="a")))

    assert error.code == "E302"
    assert "'w'" in error.message


def test_a_json_value_that_does_not_fit_is_the_error_of_the_node_that_takes_it(studio: Studio) -> None:
    error = get_error(studio.run(graph({"j": ("fake.json", {"value": "text"}), "a": ("fake.add", {"a": "@j"})}, o="a")))

    assert error.code == "E303"
    assert "'a'" in error.message
    assert "input 'a'" in error.message


@pytest.mark.parametrize(
    ("error", "code", "full"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "E310", True),
        (OSError(errno.EACCES, "Permission denied"), "E301", False),
        (ValueError("28"), "E301", False),
    ],
)
def test_an_error_says_whether_the_disk_is_full(error: Exception, code: str, full: bool) -> None:
    explained = explain_failure(error, "n", "fake.fail", {})

    assert (explained.code, explained.disk_full) == (code, full)


def test_the_error_of_a_full_disk_is_recognised_through_the_error_that_hides_it() -> None:
    hidden = StudioError("E312", "cannot write")
    hidden.__cause__ = OSError(errno.ENOSPC, "No space left on device")

    assert explain_failure(hidden, "n", "fake.fail", {}).disk_full


@pytest.mark.parametrize(("module", "hint"), [
    ("studio.api.holograms", "a newer Studio may have studio.api.holograms; this is Studio "),
    ("nowhere_to_be_found", "install 'nowhere_to_be_found' into this environment"),
])  # fmt: skip
def test_an_import_that_fails_in_a_node_says_what_to_install(module: str, hint: str) -> None:
    try:
        importlib.import_module(module)
    except ImportError as error:
        failure = explain_failure(error, "n", "t.x", {})

    assert failure.hint.startswith(hint)


def test_inputs_are_described_in_one_line_of_limited_length() -> None:
    described = describe_inputs({f"input_{index}": "x" * 50 for index in range(40)})

    assert len(described) == 400
    assert described.endswith("...")


@pytest.mark.parametrize(
    ("kind", "code", "text"),
    [
        (RuntimeError, "E301", " raised Mute: its text cannot be shown"),
        (BaseException, "E301", " raised Mute: its text cannot be shown"),
        (SystemExit, "E301", " tried to end the program (Mute: its text cannot be shown)"),
        (MemoryError, "E304", " ran out of memory: its text cannot be shown"),
        (OSError, "E310", ": the disk is full: its text cannot be shown"),
    ],
)
def test_an_exception_whose_text_cannot_be_made_is_explained_without_it(
    kind: type[BaseException], code: str, text: str
) -> None:
    class Mute(kind):  # type: ignore[misc, valid-type]  # a class that is given
        def __str__(self) -> str:
            raise SystemExit("no text")

    failure = explain_failure(Mute(errno.ENOSPC, "full") if kind is OSError else Mute(), "n", "a.b", {})

    assert failure.code == code
    assert failure.message == f"node 'n' (a.b){text}"
    assert failure.hint
