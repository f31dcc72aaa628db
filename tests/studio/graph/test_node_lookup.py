"""Node types by their ids of today and of before, and why one is unknown."""

from __future__ import annotations

import pytest

from studio.api import Context, node
from studio.graph.findings import Findings
from studio.graph.node_lookup import find_node_type, report_unknown_type
from studio.registry import Registry
from tests.studio.graph.catalogs import create_catalog


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("image.resise", "E103", "did you mean 'image.resize'?"),
        ("image.qqqqqqqqqq", "E103", "see `studio nodes`"),
        ("nothing", "E103", "see `studio nodes`"),
        ("audioworks.cut", "E103", "install the plugin"),
        ("broken.thing", "E123", "see `studio plugins`"),
    ],
)
def test_an_unknown_type_says_what_to_do(name: str, code: str, words: str, registry: Registry) -> None:
    findings = Findings()

    report_unknown_type(name, "/nodes/a/type", registry, findings)

    (finding,) = findings.found
    assert (finding.code, finding.where, finding.found) == (code, "/nodes/a/type", name)
    assert repr(name) in finding.message
    assert words in finding.hint


@node("paint.dot", replaces=["paint.spot", "draw.dot"])
def paint_dot(ctx: Context) -> str:
    """Paint a dot."""
    return "."


@node("paint.line", deprecated="use paint.dot")
def paint_line(ctx: Context) -> str:
    """Paint a line."""
    return "-"


@node("paint.blob", experimental=True)
def paint_blob(ctx: Context) -> str:
    """Paint a blob."""
    return "o"


CATALOG = create_catalog(paint_dot, paint_line, paint_blob)


@pytest.mark.parametrize("name", ["paint.dot", "paint.spot", "draw.dot"])
def test_a_node_type_is_found_by_every_id_that_it_has_had(name: str) -> None:
    found = find_node_type(name, "/nodes/a/type", CATALOG, Findings())

    assert found is CATALOG.node_types["paint.dot"]


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("paint.spot", "W103", "'paint.spot' is now 'paint.dot'"),
        ("paint.line", "W105", "'paint.line' is deprecated: use paint.dot"),
        ("paint.blob", "W106", "'paint.blob' is experimental"),
    ],
)
def test_a_node_type_that_should_not_be_used_is_a_warning(name: str, code: str, words: str) -> None:
    findings = Findings()

    find_node_type(name, "/nodes/a/type", CATALOG, findings)

    (finding,) = findings.found
    assert (finding.code, finding.where, finding.severity) == (code, "/nodes/a/type", "warning")
    assert words in finding.message
    assert finding.hint


def test_a_node_type_in_use_has_no_warning() -> None:
    findings = Findings()

    find_node_type("paint.dot", "/nodes/a/type", CATALOG, findings)

    assert findings.found == []
