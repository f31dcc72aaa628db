"""Why a node type is unknown, and inputs of an older version."""

from __future__ import annotations

from typing import Any

import pytest

from studio.graph import parse_graph
from studio.graph.document import NodeDocument
from studio.graph.findings import Findings
from studio.graph.node_lookup import migrate_inputs, report_unknown_type
from studio.registry import Registry


def make_node(version: str | None, **inputs: Any) -> NodeDocument:
    node = {"type": "probe.migrated", "version": version, "inputs": inputs}
    return parse_graph({"studio": 1, "nodes": {"a": node}}).document.nodes["a"]


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


def test_inputs_of_the_installed_version_stay(registry: Registry) -> None:
    node_type, findings = registry.node_types["probe.migrated"], Findings()

    for version in (None, "3", "3.0", "3.9"):
        assert migrate_inputs(make_node(version, picture=1), node_type, "/nodes/a", findings) == {"picture": 1}
    assert findings.found == []


def test_inputs_of_an_older_version_are_migrated(registry: Registry) -> None:
    node_type, findings = registry.node_types["probe.migrated"], Findings()

    assert migrate_inputs(make_node("2.5", image=1), node_type, "/nodes/a", findings) == {"picture": 1}
    assert findings.found == []


@pytest.mark.parametrize(
    ("version", "where", "found"),
    [
        ("4.0", "/nodes/a/version", "wants version 4.0"),
        ("1.0", "/nodes/a/version", "cannot read inputs of version 1.0"),
        ("2.0", "/nodes/a", "KeyError"),  # the plugin's own function fails on them
    ],
)
def test_inputs_that_cannot_be_migrated_are_found(version: str, where: str, found: str, registry: Registry) -> None:
    node_type, findings = registry.node_types["probe.migrated"], Findings()

    values = migrate_inputs(make_node(version, typo=1), node_type, "/nodes/a", findings)

    assert values == {"typo": 1}
    assert [(finding.code, finding.where) for finding in findings.found] == [("E124", where)]
    assert found in findings.found[0].message
