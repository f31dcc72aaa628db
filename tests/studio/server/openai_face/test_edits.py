"""The unmodified client of OpenAI: images that are changed."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from studio.server.token_store import Scope
from tests.studio.server.conftest import Desk
from tests.studio.server.openai_face.test_clients import connect, read

openai = pytest.importorskip("openai", reason="openai is not installed")

CHANGE = {
    "inputs": {
        "prompt": {"type": "text"},
        "image": {"type": "image"},
        "mask": {"type": "mask"},
        "by": {"type": "int", "default": 1},
    },
    "nodes": {
        "mask": {"type": "fake.same", "inputs": {"value": {"from": "inputs.mask"}}},
        "a": {"type": "fake.shift", "inputs": {"image": {"from": "inputs.image"}, "by": {"from": "inputs.by"}}},
    },
    "outputs": {"mask": {"from": "mask"}, "picture": {"from": "a"}},
}
JOIN = {
    "inputs": {"prompt": {"type": "text"}, "pictures": {"type": "list[image]"}},
    "nodes": {
        "first": {"type": "fake.first", "inputs": {"values": {"from": "inputs.pictures"}}},
        "a": {"type": "fake.shift", "inputs": {"image": {"from": "first"}}},
    },
    "outputs": {"picture": {"from": "a"}},
}


def write(pixels: Any, name: str = "image.png") -> tuple[str, bytes]:
    """Return an image as the client sends it."""
    stream = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(stream, "PNG")
    return name, stream.getvalue()


def test_an_image_is_changed_where_the_mask_is_transparent(desk: Desk) -> None:
    desk.write_graph("change", CHANGE)
    secret = desk.parts.tokens.add("ada", Scope.ADMIN)
    desk.client.headers["authorization"] = f"Bearer {secret}"
    picture = np.full((4, 4, 3), 100)
    mask = np.zeros((4, 4, 4))
    mask[:, :2, 3] = 255  # the left half stays

    with connect(desk, secret) as client:
        [made] = client.images.edit(
            model="change", image=write(picture), mask=write(mask), prompt="a tree", n=1, extra_body={"by": 5}
        ).data
        [event] = client.images.edit(
            model="change", image=write(picture), mask=write(mask), prompt="a tree", stream=True
        )
    [job, _] = reversed(desk.client.get("/api/v1/jobs").json()["jobs"])
    stored = desk.client.get(f"/api/v1/files/{job['values']['mask']['file']}").content

    assert desk.parts.files.count_bytes("ada") == desk.parts.files.count_bytes()
    assert np.all(read(made) == 105)
    assert event.type == "image_edit.completed"
    assert np.all(read(event) == 101)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(stored))), 255 - mask[:, :, 3])


def test_several_images_are_a_list(desk: Desk) -> None:
    desk.write_graph("join", JOIN)

    with connect(desk) as client:
        [made] = client.images.edit(
            model="join", image=[write(np.full((2, 2, 3), 7)), write(np.zeros((2, 2, 3)), "b.png")], prompt="both"
        ).data

    assert np.all(read(made) == 8)


def test_what_a_graph_cannot_change_is_said(desk: Desk) -> None:
    desk.write_graph("change", CHANGE)
    desk.write_graph("join", JOIN)
    one, broken = write(np.zeros((2, 2, 3))), ("image.png", b"\x89PNG\r\n\x1a\n")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"model": "change", "image": [one, one], "mask": one}, "image"),
        ({"model": "join", "image": one, "mask": one}, "mask"),
        ({"model": "join", "image": one, "extra_body": {"steps": 3}}, "steps"),
        ({"model": "change", "image": one, "mask": one, "extra_body": {"by": "much"}}, "by"),
        ({"model": "change", "image": one, "extra_body": {"mask": "/etc/passwd"}}, "mask"),
    ]  # fmt: skip

    with connect(desk) as client:
        for options, name in wrong:
            with pytest.raises(openai.APIStatusError) as error:
                client.images.edit(prompt="a tree", **options)
            assert (error.value.status_code, error.value.param) == (422, name), options
        with pytest.raises(openai.APIStatusError, match=r"cannot read|damaged|image"):
            client.images.edit(model="change", prompt="a tree", image=one, mask=broken)
        with pytest.raises(openai.APIStatusError, match="not a form"):
            client.post("/images/edits", cast_to=object, body={"model": "change"})
