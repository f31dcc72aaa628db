"""The unmodified client of OpenAI: images, speech, models, and errors that it understands."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from studio.server.token_store import Scope
from tests.studio.server.conftest import PATIENCE_SECONDS, Desk, note_cancelling_threads

openai = pytest.importorskip("openai", reason="openai is not installed")

PAINT = {
    "inputs": {
        "prompt": {"type": "text"},
        "seed": {"type": "int", "default": 3, "minimum": 0},
        "width": {"type": "int", "default": 16, "maximum": 64},
    },
    "nodes": {
        "a": {"type": "fake.image", "inputs": {"seed": {"from": "inputs.seed"}, "side": {"from": "inputs.width"}}},
    },
    "outputs": {"number": {"from": "a"}, "picture": {"from": "a"}},
}  # fmt: skip
SAY = {
    "inputs": {"text": {"type": "text"}},
    "nodes": {"a": {"type": "fake.hum", "inputs": {"text": {"from": "inputs.text"}}}},
    "outputs": {"speech": {"from": "a"}},
}


def connect(desk: Desk, key: str = "none") -> Any:
    """Return the client of a server."""
    return openai.OpenAI(base_url=f"{desk.server.url}/v1", api_key=key, max_retries=0)


def read(image: Any) -> np.ndarray[Any, Any]:
    """Return the pixels of an image that the client got."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(image.b64_json))).convert("RGB"))


def make_noise(seed: int, side: int) -> np.ndarray[Any, Any]:
    """Return what the fake makes."""
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)


def test_images_come_from_a_graph_with_another_seed_each(start: Callable[..., Desk]) -> None:
    desk = start(models={"gpt-image-1": "paint"})
    desk.write_graph("paint", PAINT)

    with connect(desk) as client:
        two = client.images.generate(model="paint", prompt="a tree", n=2, size="32x32").data
        [again] = client.images.generate(model="gpt-image-1", prompt="a tree", extra_body={"seed": 9}).data
        [named] = client.images.generate(model="paint", prompt="a tree", response_format="url").data
        events = list(client.images.generate(model="paint", prompt="a tree", stream=True))
        content = desk.client.get(named.url).content

    assert [np.array_equal(read(one), make_noise(seed, 32)) for one, seed in zip(two, (3, 4), strict=True)] == [
        True
    ] * 2
    assert np.array_equal(read(again), make_noise(9, 16))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(content)).convert("RGB")), make_noise(3, 16))
    assert [event.type for event in events] == ["image_generation.completed"]
    assert np.array_equal(read(events[0]), make_noise(3, 16))


def test_images_that_are_not_finished_come_before_the_last_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.server.live_job.SECONDS_BETWEEN_PREVIEWS", 0.0)
    from studio.api import Image as Picture
    from studio.api.events import NodeProgressed

    waiting = {
        "inputs": {"prompt": {"type": "text"}},
        "nodes": {
            "a": {"type": "fake.wait", "inputs": {"gate": "gate", "cautious": True}},
            "b": {"type": "fake.image", "inputs": {"seed": {"from": "a"}}},
        },
        "outputs": {"picture": {"from": "b"}},
    }
    desk.write_graph("slow", waiting)
    preview = Picture(np.full((8, 8, 3), 200, np.uint8))

    with connect(desk) as client:
        stream = client.images.generate(
            model="slow", prompt="a tree", stream=True, partial_images=2, output_format="jpeg"
        )
        desk.probe.wait_for("gate")
        [job] = desk.client.get("/api/v1/jobs").json()["jobs"]
        live = desk.parts.logs.find_live(job["id"])
        assert live is not None
        found = []
        for done in (1, 4, 5, 9):  # of 10 steps, the first is too early and the last one too many
            live.show(NodeProgressed("run", "b", "fake.image", done, 10, preview))
            if done in (4, 9):
                found.append(next(stream))
        desk.probe.open("gate")
        found += stream

    assert [event.type for event in found] == [
        "image_generation.partial_image",
        "image_generation.partial_image",
        "image_generation.completed",
    ]
    assert [event.partial_image_index for event in found[:2]] == [0, 1]
    data = base64.b64decode(found[0].b64_json)
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size) == ("JPEG", (8, 8))
        assert abs(int(np.asarray(image.convert("L")).mean()) - 200) < 4
    with connect(desk) as client, pytest.raises(openai.UnprocessableEntityError, match="invalid partial_images"):
        client.images.generate(model="slow", prompt="a tree", stream=True, partial_images=9)


def test_models_are_the_graphs_that_can_run(start: Callable[..., Desk]) -> None:
    desk = start(models={"gpt-image-1": "paint"})
    desk.write_graph("paint", PAINT)
    desk.write_graph("broken", {"nodes": {"a": {"type": "no.such"}}, "outputs": {"x": {"from": "a"}}})

    with connect(desk) as client:
        assert [model.id for model in client.models.list()] == ["paint", "gpt-image-1"]
        assert client.models.retrieve("gpt-image-1").id == "gpt-image-1"


def test_the_client_understands_each_error(desk: Desk) -> None:
    desk.write_graph("paint", PAINT)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"size": "big"}, "size"), ({"size": "32x64"}, "size"), ({"n": 0}, "n"),
        ({"output_format": "bmp"}, "output_format"), ({"extra_body": {"steps": 3}}, "steps"),
        ({"size": "65x65"}, "width"), ({"extra_body": {"seed": -1}}, "seed"),
    ]  # fmt: skip

    with connect(desk) as client:
        for options, name in wrong:
            with pytest.raises(openai.APIStatusError) as error:
                client.images.generate(**{"model": "paint", "prompt": "a tree", **options})
            assert (error.value.status_code, error.value.param) == (422, name)
        with pytest.raises(openai.NotFoundError, match="unknown graph"):
            client.images.generate(model="dall-e", prompt="a tree")
        desk.parts.tokens.add("ada", Scope.RUN)
        with pytest.raises(openai.AuthenticationError):
            client.models.list()


def test_speech_is_written_in_the_format_that_is_asked_for(desk: Desk) -> None:
    desk.write_graph("say", SAY)

    with connect(desk) as client:
        wav = client.audio.speech.create(model="say", voice="any", input="hello", response_format="wav").read()
        mp3 = client.audio.speech.create(model="say", voice="any", input="hello").read()
        with pytest.raises(openai.APIStatusError) as error:
            client.audio.speech.create(model="say", voice="any", input="hello", speed=2.0)

        pcm = client.audio.speech.create(model="say", voice="any", input="hello", response_format="pcm").read()
        streamed = client.audio.speech.create(
            model="say", voice="any", input="hello", response_format="wav", stream_format="sse"
        ).read()

    assert (wav[:4], wav[8:12]) == (b"RIFF", b"WAVE")
    assert len(pcm) == 2 * 24_000 // 10 * len("hello")
    events = [json.loads(line[6:]) for line in streamed.decode().splitlines() if line.startswith("data: ")]
    assert b"".join(base64.b64decode(event["audio"]) for event in events[:-1]) == wav
    assert {event["type"] for event in events[:-1]} == {"speech.audio.delta"}
    assert events[-1]["type"] == "speech.audio.done"
    assert mp3[:3] == b"ID3" or mp3[:2] in (b"\xff\xfb", b"\xff\xf3")
    assert error.value.param == "speed"


def test_a_job_that_fails_for_good_is_not_asked_for_again(desk: Desk) -> None:
    desk.write_graph("fail", {
        "inputs": {"prompt": {"type": "text"}},
        "nodes": {"f": {"type": "fake.fail", "inputs": {"kind": "hint"}},
                  "a": {"type": "fake.image", "inputs": {"seed": {"from": "f"}, "side": 8}}},
        "outputs": {"picture": {"from": "a"}},
    })  # fmt: skip

    with connect(desk).with_options(max_retries=2) as client, pytest.raises(openai.APIStatusError) as error:
        client.images.generate(model="fail", prompt="a tree")

    assert (error.value.status_code, error.value.response.headers.get("x-should-retry")) == (422, "false")
    assert desk.client.get("/api/v1/jobs").json()["counts"]["failed"] == 1


def test_jobs_of_a_request_that_is_refused_do_not_wait(start: Callable[..., Desk]) -> None:
    desk = start(most_queued=2)
    desk.write_graph("paint", PAINT)
    gate = {"nodes": {"a": {"type": "fake.wait", "inputs": {"gate": "gate"}}}, "outputs": {"x": {"from": "a"}}}
    desk.submit({"studio": 1, **gate})
    desk.probe.wait_for("gate")

    with connect(desk) as client, pytest.raises(openai.RateLimitError) as error:
        client.images.generate(model="paint", prompt="a tree", n=3)

    assert int(error.value.response.headers["retry-after"]) > 0
    counts = desk.client.get("/api/v1/jobs").json()["counts"]
    assert (counts["queued"], counts["cancelled"]) == (0, 2)


def test_a_stream_whose_client_goes_cancels_its_job_while_others_are_answered(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = {"inputs": {"prompt": {"type": "text"}}, "outputs": {"picture": {"from": "b"}}, "nodes": {
        "a": {"type": "fake.wait", "inputs": {"gate": "gate", "cautious": True}},
        "b": {"type": "fake.image", "inputs": {"seed": {"from": "a"}}},
    }}  # fmt: skip
    desk.write_graph("slow", gate)
    threads = note_cancelling_threads(desk, monkeypatch)

    with connect(desk) as client:
        stream = client.images.generate(model="slow", prompt="a tree", stream=True)
        desk.probe.wait_for("gate")
        stream.close()
        [job] = desk.client.get("/api/v1/jobs").json()["jobs"]
        desk.wait(job, "cancelled")

    assert len(threads) == 1
    assert desk._thread not in threads


def test_a_client_that_goes_does_not_cancel_the_job_that_another_waits_for(desk: Desk) -> None:
    gate = {"inputs": {"prompt": {"type": "text"}}, "outputs": {"picture": {"from": "b"}}, "nodes": {
        "a": {"type": "fake.wait", "inputs": {"gate": "gate", "cautious": True}},
        "b": {"type": "fake.image", "inputs": {"seed": {"from": "a"}}},
    }}  # fmt: skip
    desk.write_graph("slow", gate)
    found: list[Any] = []

    def ask(timeout: float) -> None:
        with connect(desk) as client:
            own = client.with_options(timeout=timeout)
            headers = {"idempotency-key": "k"}
            found.append(own.images.generate(model="slow", prompt="a tree", extra_headers=headers))

    patient = threading.Thread(target=ask, args=(PATIENCE_SECONDS,))
    patient.start()
    desk.probe.wait_for("gate")
    with pytest.raises(openai.APITimeoutError):
        ask(0.5)
    time.sleep(1.2)  # until the server sees that the client has gone
    desk.probe.open("gate")
    patient.join()

    assert len(found) == 1


def test_errors_before_any_route_have_the_form_of_openai(desk: Desk) -> None:
    desk.parts.tokens.add("ada", Scope.RUN)

    with connect(desk, "wrong") as client, pytest.raises(openai.AuthenticationError) as error:
        client.models.list()
    assert error.value.code == "E805"
