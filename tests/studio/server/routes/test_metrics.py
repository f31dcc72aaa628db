"""What the server counts, read as Prometheus reads it."""

from __future__ import annotations

import pytest
from fakes import graph

from studio.server.token_store import Scope
from tests.studio.server.conftest import Desk

parser = pytest.importorskip("prometheus_client.parser", reason="prometheus_client is not installed")

NOISE = graph({"a": ("fake.image", {"seed": 1}), "b": ("fake.shift", {"image": "@a"})}, picture="b")
FAILS = graph({"a": ("fake.fail", {})}, number="a")


def read(desk: Desk) -> dict[tuple[str, ...], float]:
    """Return each number by its name and its labels."""
    response = desk.client.get("/metrics")
    assert response.status_code == 200, response.text
    return {
        (sample.name, *(text for _, text in sorted(sample.labels.items()))): sample.value
        for family in parser.text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def test_jobs_nodes_requests_and_bytes_are_counted(desk: Desk) -> None:
    for document in (NOISE, NOISE, FAILS):
        desk.run(document)
    desk.client.get("/api/v1/jobs/nothing")
    desk.client.request("BREW", "/metrics")

    found = read(desk)

    assert found["studio_jobs", "succeeded"] == 2
    assert (found["studio_job_seconds_count", "succeeded"], found["studio_job_seconds_count", "failed"]) == (2, 1)
    assert found["studio_jobs_reused_total",] == 1
    assert found["studio_nodes_total", "ran", "fake.image"] == found["studio_nodes_total", "cached", "fake.image"] == 1
    assert found["studio_nodes_total", "failed", "fake.fail"] == 1
    assert found["studio_node_seconds_bucket", "+Inf", "fake.shift"] == 1
    assert found["studio_requests_total", "POST", "201"] == 3
    assert found["studio_requests_total", "GET", "404"] == 1
    assert found["studio_requests_total", "other", "405"] == 1
    assert found["studio_received_bytes_total",] > 300
    assert found["studio_sent_bytes_total",] > 300
    assert found["studio_files_bytes",] > 100
    assert found["studio_resident_bytes",] > 10**6
    assert found["studio_queue_seconds",] == found["studio_watchers",] == 0


def test_metrics_need_a_token_where_there_is_one(desk: Desk) -> None:
    secret = desk.parts.tokens.add("monitor", Scope.READ)

    assert desk.client.get("/metrics").status_code == 401
    assert desk.client.get("/metrics", headers={"authorization": f"Bearer {secret}"}).status_code == 200
