"""The unmodified client of Replicate: run, files, models, predictions, cancel, stream, and webhooks that it checks."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from studio.server.token_store import Scope
from tests.studio.server.conftest import PATIENCE_SECONDS, Desk
from tests.studio.server.webhooks.test_sender import Receiver, receiver

replicate = pytest.importorskip("replicate", reason="replicate is not installed")
__all__ = ["receiver"]

SHIFT = {
    "title": "Lighter",
    "inputs": {"image": {"type": "image"}, "by": {"type": "int", "default": 1, "minimum": 0}},
    "nodes": {
        "a": {"type": "fake.shift", "inputs": {"image": {"from": "inputs.image"}, "by": {"from": "inputs.by"}}},
    },
    "outputs": {"picture": {"from": "a"}},
}
SAY = {
    "inputs": {"n": {"type": "int", "default": 4}},
    "nodes": {"a": {"type": "fake.maybe", "inputs": {"a": {"from": "inputs.n"}}}},
    "outputs": {"words": {"from": "a"}},
}
MANY = {"nodes": {"a": {"type": "fake.images", "inputs": {"n": 2}}}, "outputs": {"pictures": {"from": "a"}}}
WAIT = {
    "nodes": {"gate": {"type": "fake.wait", "inputs": {"gate": "gate", "cautious": True}}},
    "outputs": {"x": {"from": "gate"}},
}


@pytest.fixture
def connect(desk: Desk) -> Iterator[Callable[..., Any]]:
    """Give clients of a server; they cannot be closed, and so the test closes their connections."""
    made: list[Any] = []

    def begin(token: str = "none") -> Any:
        made.append(replicate.Client(api_token=token, base_url=desk.server.url))
        return made[-1]

    yield begin
    for client in made:
        client._client.close()


def write(tmp_path: Path, value: int) -> Path:
    """Return the file of an image."""
    path = tmp_path / f"{value}.png"
    Image.fromarray(np.full((2, 2, 3), value, np.uint8)).save(path)
    return path


def read(desk: Desk, url: str) -> Any:
    """Return the pixels of an image at an address."""
    return np.asarray(Image.open(io.BytesIO(desk.client.get(url).content)))


@pytest.mark.parametrize("strategy", ["base64", None])
def test_a_file_is_sent_and_what_is_made_comes_back(
    desk: Desk, connect: Callable[..., Any], tmp_path: Path, strategy: str | None
) -> None:
    desk.write_graph("shift", SHIFT)

    with write(tmp_path, 10).open("rb") as file:
        made = connect().run(
            "studio/shift", input={"image": file, "by": 5}, use_file_output=False, file_encoding_strategy=strategy
        )

    assert np.all(read(desk, made) == 15)


def test_texts_are_written_out_and_lists_are_lists(desk: Desk, connect: Callable[..., Any]) -> None:
    desk.write_graph("say", SAY)
    desk.write_graph("many", MANY)
    client = connect()

    assert client.run("anyone/say", input={"n": 7}) == "got 7"
    assert client.run("studio/say:say", input={}) == "got 4"
    assert len(client.run("studio/many", input={}, use_file_output=False)) == 2
    assert [str(event) for event in client.stream("studio/say", input={"n": 3})] == ["got 3", ""]


def test_models_have_a_schema(desk: Desk, connect: Callable[..., Any]) -> None:
    desk.write_graph("shift", SHIFT)
    client = connect()

    model = client.models.get("studio/shift")
    schema = model.latest_version.openapi_schema["components"]["schemas"]["Input"]

    assert [one.name for one in client.models.list()] == ["shift"]
    assert (model.description, model.versions.list()[0].id) == ("Lighter", "shift")
    assert schema["properties"]["image"]["format"] == "uri"
    assert (schema["properties"]["by"]["minimum"], schema["required"]) == (0, ["image"])


def test_a_prediction_is_followed_listed_and_cancelled(desk: Desk, connect: Callable[..., Any]) -> None:
    desk.write_graph("wait", WAIT)
    secrets = [desk.parts.tokens.add(name, Scope.RUN) for name in ("ada", "bob")]
    ada, bob = (connect(secret) for secret in secrets)

    made = ada.predictions.create(version="wait", input={})
    desk.probe.wait_for("gate")
    made.reload()
    assert made.status == "processing"
    assert [one.id for one in ada.predictions.list()] == [made.id]
    assert list(bob.predictions.list()) == []
    with pytest.raises(replicate.exceptions.ReplicateError) as error:
        bob.predictions.get(made.id)
    assert error.value.status == 404
    waited = desk.client.post(
        "/v1/models/any/wait/predictions", json={"input": {}},
        headers={"prefer": "wait=1", "authorization": f"Bearer {secrets[0]}"},
    )  # fmt: skip
    assert (waited.status_code, waited.json()["status"]) == (201, "starting")
    made.cancel()
    desk.probe.open("gate")
    made.wait()

    assert (made.status, made.error) == ("canceled", None)


def test_addresses_are_those_of_the_server_as_the_reader_knows_it(start: Callable[..., Desk]) -> None:
    desk = start(allowed_hosts=("bad.example",))
    desk.write_graph("many", MANY)
    sent, headers = {"version": "many", "input": {}}, {"host": "bad.example", "prefer": "wait"}

    made = desk.client.post("/v1/predictions", json=sent, headers=headers)
    base = str(desk.client.base_url)
    mine = desk.client.get(f"/v1/predictions/{made.json()['id']}").json()
    [listed] = desk.client.get("/v1/predictions").json()["results"]

    assert made.json()["urls"]["get"].startswith("http://bad.example/")
    assert [url.startswith(base) for url in (*mine["output"], *mine["urls"].values())] == [True] * 5
    assert listed == mine


def test_a_page_of_predictions_is_short(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.server.replicate_face.view._MOST_TEXTS_BYTES", 10)
    desk.write_graph("say", SAY)
    node = {"type": "fake.json", "inputs": {"value": {"from": "inputs.data"}}}
    desk.write_graph(
        "long", {"inputs": {"data": {"type": "json"}}, "nodes": {"a": node}, "outputs": {"x": {"from": "a"}}}
    )

    def make(version: str, given: dict[str, Any]) -> Any:
        sent = {"version": version, "input": given}
        return desk.client.post("/v1/predictions", json=sent, headers={"prefer": "wait"}).json()

    long = make("long", {"data": "x" * 2**17})
    made = [make("say", {"n": number}) for number in range(3)]
    listings: list[None] = []
    graphs, list_graphs = desk.parts.graphs, desk.parts.graphs.list_graphs
    monkeypatch.setattr(graphs, "list_graphs", lambda: (listings.append(None), list_graphs())[1])
    rows = desk.client.get("/v1/predictions").json()["results"]

    assert [row["id"] for row in rows] == [one["id"] for one in (*made[::-1], long)]
    assert [row["output"] for row in rows[:2]] == ["got 2", "got 1"]
    assert [row["output"].startswith(str(desk.client.base_url)) for row in rows[2:]] == [True] * 2
    assert (rows[3]["input"], len(long["input"]["data"]), len(listings)) == ({}, 2**17, 1)


def test_errors_say_what_to_do(desk: Desk, connect: Callable[..., Any], tmp_path: Path) -> None:
    desk.write_graph("shift", SHIFT)
    desk.write_graph("fail", {"nodes": {"a": {"type": "fake.fail", "inputs": {}}}, "outputs": {"x": {"from": "a"}}})
    client = connect()

    for given in ({"image": "https://example.org/a.png"}, {"image": "/etc/passwd"}, {"image": "data:x"}, {"by": 1},
                  {"image": "data:,x", "steps": 3}):  # fmt: skip
        with pytest.raises(replicate.exceptions.ReplicateError) as error:
            client.run("studio/shift", input=given)
        assert error.value.status == 422
    with pytest.raises(replicate.exceptions.ReplicateError, match="unknown graph"):
        client.run("studio/nosuch", input={})
    with pytest.raises(replicate.exceptions.ModelError, match="nope"):
        client.run("studio/fail", input={})


def test_the_client_checks_the_messages_of_its_webhook(
    desk: Desk, connect: Callable[..., Any], receiver: Receiver
) -> None:
    desk.parts.webhook_guard._names.add("127.0.0.1")
    desk.write_graph("say", SAY)
    client = connect()

    made = client.predictions.create(
        version="say", input={"n": 9}, webhook=receiver.url, webhook_events_filter=["completed"]
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not receiver.got and time.monotonic() < deadline:
        time.sleep(0.01)
    [(headers, body)] = receiver.got
    lower = {name.lower(): value for name, value in headers.items()}
    client.webhooks.validate(headers=lower, body=body.decode(), secret=client.webhooks.default.secret())

    assert f'"id":"{made.id}"'.encode() in body
    assert b'"output":"got 9"' in body
