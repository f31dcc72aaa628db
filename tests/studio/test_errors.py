"""Errors keep what they say: as text, as JSON, and on their way between processes."""

from __future__ import annotations

import inspect
import json
import pickle

import pytest

from studio import errors
from studio.errors import (
    Cancelled,
    Finding,
    GraphError,
    ModelError,
    NodeError,
    NodeTypeError,
    PluginError,
    RunError,
    StudioError,
    describe_exception,
)

FINDINGS = [
    Finding("E103", "/nodes/a/type", "unknown node type 'x.y'", "an installed node type", "x.y", "did you mean 'x.z'?"),
    Finding("W101", "/nodes/b", "no output needs node 'b'", severity="warning"),
]
NODE = NodeError("E301", "no good", node="a", inputs="width=4", hint="look", details="Traceback ...")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (StudioError("E001", "no"), "E001 no"),
        (StudioError("E001", "no", where="a.toml"), "E001 a.toml: no"),
        (StudioError("E001", "no", where="a.toml", hint="do"), "E001 a.toml: no\n  hint: do"),
        (NODE, "E301 /nodes/a: no good\n  hint: look"),
        (GraphError(FINDINGS[:1]), "E103 /nodes/a/type: unknown node type 'x.y'\n  hint: did you mean 'x.z'?"),
        (
            GraphError(FINDINGS, source="g.json"),
            "E103 g.json#/nodes/a/type: unknown node type 'x.y' (and 1 more)\n  hint: did you mean 'x.z'?",
        ),
    ],
)
def test_the_text_has_code_place_message_and_hint(error: StudioError, text: str) -> None:
    assert str(error) == text


def test_a_finding_without_a_place_is_about_the_whole_graph() -> None:
    assert str(Finding("E125", "", "the graph has no outputs")) == "E125 /: the graph has no outputs"
    assert str(FINDINGS[0]).endswith("(did you mean 'x.z'?)")


@pytest.mark.parametrize("error", [StudioError("E001", "no", where="a", hint="b"), GraphError(FINDINGS), NODE])
def test_an_error_is_the_same_in_another_process(error: StudioError) -> None:
    error.disk_full = True

    again = pickle.loads(pickle.dumps(error))  # noqa: S301

    assert type(again) is type(error)
    assert (vars(again), str(again), again.args) == (vars(error), str(error), error.args)


def test_an_error_as_json_has_all_that_its_class_knows() -> None:
    assert NODE.to_json() == {
        "code": "E301", "where": "/nodes/a", "message": "no good", "hint": "look",
        "node": "a", "inputs": "width=4", "details": "Traceback ...",
    }  # fmt: skip
    rows = GraphError(FINDINGS, source="g.json").to_json()["findings"]
    assert [row["severity"] for row in rows] == ["error", "warning"]
    assert json.loads(json.dumps(rows)) == [finding.to_json() for finding in FINDINGS]


def test_the_tree_is_as_the_page_and_the_docstring_say() -> None:
    classes = {
        name: each
        for name, each in vars(errors).items()
        if inspect.isclass(each) and each.__module__ == errors.__name__
    }
    raised = {name for name, each in classes.items() if issubclass(each, BaseException)}

    assert all(name in (errors.__doc__ or "") for name in raised)
    assert issubclass(NodeTypeError, PluginError)
    assert issubclass(NodeError, RunError)
    assert all(issubclass(classes[name], StudioError) for name in raised - {"Cancelled", "StudioWarning"})


def test_a_handler_of_exceptions_does_not_swallow_a_cancelled_run() -> None:
    assert not issubclass(Cancelled, Exception)
    assert issubclass(Cancelled, BaseException)


def test_no_error_means_a_full_disk_unless_it_is_marked() -> None:
    assert not ModelError("E609", "no space left on device").disk_full


def test_a_text_of_an_exception_that_is_very_long_is_cut() -> None:
    text = describe_exception(ValueError("x" * 5_000_000))

    assert text.startswith("ValueError: xxx")
    assert text.endswith("... (4990000 more characters)")
    assert len(text) < 11_000
