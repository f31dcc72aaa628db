"""The unmodified client of OpenAI: videos, made, asked after, downloaded, listed and deleted."""

from __future__ import annotations

import io
from collections.abc import Callable

import av
import numpy as np
import pytest

from studio.server.token_store import Scope
from tests.studio.server.conftest import Desk
from tests.studio.server.openai_face.test_clients import connect
from tests.studio.server.openai_face.test_edits import write

openai = pytest.importorskip("openai", reason="openai is not installed")

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API")

FILM = {
    "inputs": {
        "prompt": {"type": "text"},
        "seconds": {"type": "int", "default": 2},
        "width": {"type": "int", "default": 16},
        "height": {"type": "int", "default": 16},
    },
    "nodes": {
        "film": {"type": "fake.film", "inputs": {"n": {"from": "inputs.seconds"}, "side": {"from": "inputs.width"}}},
    },
    "outputs": {"film": {"from": "film"}},
}  # fmt: skip
WAIT = {
    "inputs": {"prompt": {"type": "text"}},
    "nodes": {
        "gate": {"type": "fake.wait", "inputs": {"a": 1, "gate": "gate", "cautious": True}},
        "film": {"type": "fake.film", "inputs": {"n": {"from": "gate"}}},
    },
    "outputs": {"film": {"from": "film"}},
}


def test_a_video_is_made_asked_after_downloaded_and_deleted(desk: Desk) -> None:
    desk.write_graph("film", FILM)

    with connect(desk) as client:
        video = client.videos.create_and_poll(
            model="film",
            prompt="a tree",
            seconds="4",
            size="32x32",
            poll_interval_ms=20,  # type: ignore[arg-type]
        )
        content = client.videos.download_content(video.id).read()
        with pytest.raises(openai.APIStatusError, match="variant"):
            client.videos.download_content(video.id, variant="thumbnail")
        gone = client.videos.delete(video.id)
        with pytest.raises(openai.NotFoundError):
            client.videos.retrieve(video.id)
    with av.open(io.BytesIO(content)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]

    assert (video.status, video.progress, video.seconds, video.size) == ("completed", 100, "4", "32x32")
    assert (len(frames), frames[0].shape) == (4, (32, 32, 3))
    assert gone.deleted
    assert desk.parts.executor.forget_expired() is None
    assert desk.client.get("/api/v1/jobs").json()["jobs"] == []


def test_videos_are_listed_in_pages_and_each_token_sees_its_own(desk: Desk) -> None:
    desk.write_graph("film", FILM)
    secret, other = (desk.parts.tokens.add(name, Scope.RUN) for name in ("ada", "bob"))

    with connect(desk, secret) as client, connect(desk, other) as stranger:
        made = [client.videos.create(model="film", prompt=f"tree {number}").id for number in range(3)]
        page = client.videos.list(limit=2)
        assert [video.id for video in page.data] == made[:0:-1]
        assert [video.id for video in client.videos.list(limit=2, order="asc")] == made
        assert stranger.videos.list().data == []
        with pytest.raises(openai.NotFoundError):
            stranger.videos.delete(made[0])


def test_a_running_video_is_cancelled_when_it_is_deleted(desk: Desk) -> None:
    desk.write_graph("wait", WAIT)

    with connect(desk) as client:
        video = client.videos.create(model="wait", prompt="a tree")
        desk.probe.wait_for("gate")
        assert client.videos.retrieve(video.id).status == "in_progress"
        with pytest.raises(openai.ConflictError):
            client.videos.download_content(video.id)
        client.videos.delete(video.id)
        desk.probe.open("gate")

    assert desk.wait({"id": video.id})["state"] == "cancelled"


def test_what_a_graph_does_not_take_is_an_error(start: Callable[..., Desk]) -> None:
    desk = start(models={"sora-2": "film"})
    desk.write_graph("film", FILM)

    with connect(desk) as client:
        for options, name in (
            ({"size": "big"}, "size"),
            ({"seconds": "long"}, "seconds"),
            ({"extra_body": {"steps": 3}}, "steps"),
            ({"input_reference": write(np.zeros((2, 2, 3)))}, "input_reference"),
        ):
            with pytest.raises(openai.APIStatusError) as error:
                client.videos.create(**{"model": "sora-2", "prompt": "a tree", **options})  # type: ignore[arg-type]
            assert (error.value.status_code, error.value.param) == (422, name)


def test_a_prompt_is_a_short_text_even_where_the_graph_takes_none(desk: Desk) -> None:
    film = {"nodes": {"film": {"type": "fake.film", "inputs": {"n": 1}}}, "outputs": {"film": {"from": "film"}}}
    desk.write_graph("film", film)

    def send(prompt: object) -> tuple[int, object]:
        response = desk.client.post("/v1/videos", json={"model": "film", "prompt": prompt})
        return response.status_code, (response.json()["error"] or {}).get("param")

    wrong = ({"a": 1}, 7, "ä" * 2**14 + "a")

    assert [send(prompt) for prompt in wrong] == [(422, "prompt")] * 3
    assert send("ä" * 2**14)[0] == 200
    assert len(desk.client.get("/v1/videos").json()["data"]) == 1
