"""The OpenAPI document: every answer to generated requests is one that it describes, and none is an error of ours.

`OPENAPI_EXAMPLES=500 OPENAPI_SEED=7` sends other requests, and more of them, for each operation; then `--timeout=3600`.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest

from tests.studio.server.conftest import Desk

ADD = {
    "inputs": {"a": {"type": "int", "minimum": 0}, "t": {"type": "text", "default": "x"}},
    "nodes": {"n": {"type": "fake.add", "inputs": {"a": {"from": "inputs.a"}, "b": 10}}},
    "outputs": {"number": {"from": "n"}},
}
EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES", "25"))
SEED = int(os.environ.get("OPENAPI_SEED", "3"))
_ENDLESS = ("/events", "/ws", "/mcp")


def create_case_test(desk: Desk, statuses: Counter[int], failures: list[str]) -> Any:
    """Return what sends one generated request, and checks its answer against the document."""
    from schemathesis import checks

    asked = (
        checks.not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    )

    def send(case: Any) -> None:
        response = case.call(base_url=desk.server.url)
        statuses[response.status_code] += 1
        try:
            case.validate_response(response, checks=asked)
        except BaseException as error:  # a group of failures, which pytest would show once
            failures.append(f"{case.method} {case.path} {response.status_code}: {str(error)[:600]}")

    return send


@pytest.mark.slow
def test_generated_requests_are_answered_as_the_document_says(desk: Desk) -> None:
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    from hypothesis import HealthCheck, given, seed, settings

    desk.write_graph("add", ADD)
    document = desk.client.get("/api/v1/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document)
    statuses: Counter[int] = Counter()
    failures: list[str] = []
    send = create_case_test(desk, statuses, failures)
    quiet = settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))

    for found in schema.get_all_operations():
        operation = found.ok()
        if not operation.path.endswith(_ENDLESS):
            quiet(seed(SEED)(given(case=operation.as_strategy())(send)))()

    print(f"{sum(statuses.values())} requests: {dict(statuses)}")
    assert document["openapi"] == "3.1.0"
    assert failures == []
    assert sum(statuses.values()) > 10 * EXAMPLES
    assert not [status for status in statuses if status >= 500]


def test_a_graph_with_required_inputs_asks_for_values(desk: Desk) -> None:
    desk.write_graph("add", ADD)
    document = desk.client.get("/api/v1/openapi.json").json()

    body = document["paths"]["/api/v1/graphs/add/jobs"]["post"]["requestBody"]["content"]["application/json"]["schema"]

    assert body["required"] == ["values"]
    assert body["properties"]["values"]["required"] == ["a"]
    assert desk.client.post("/api/v1/graphs/add/jobs", json={"values": {"a": 1}, "priority": -1.0}).status_code == 201
