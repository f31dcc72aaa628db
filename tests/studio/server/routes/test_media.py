"""What a page shows of a file: sizes and lengths, a small image; and a broken file is found before a job reads it."""

from __future__ import annotations

import io

from PIL import Image

from tests.studio.server.conftest import Desk


def create_jpeg(side: int) -> bytes:
    """Return a JPEG."""
    buffer = io.BytesIO()
    Image.effect_noise((side, side // 2), 80).convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()


def test_an_image_has_a_size_and_a_small_image_that_is_made_again_when_it_is_gone(desk: Desk) -> None:
    name = desk.upload(create_jpeg(900), "photo.jpg")

    media = desk.client.get(f"/api/v1/files/{name}/media").json()

    assert (media["type"], media["width"], media["height"], media["key"]) == ("image", 900, 450, name)
    for path in (desk.folder / "data" / "previews").rglob("*.webp"):
        path.unlink()
    with Image.open(io.BytesIO(desk.client.get(media["still"]).content)) as small:
        assert small.size == (400, 200)


def test_a_broken_file_is_an_error_that_names_no_path(desk: Desk) -> None:
    whole = create_jpeg(900)
    broken = desk.upload(whole[: len(whole) // 2], "photo.jpg")
    lie = desk.upload(b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "x.png")

    for name in (broken, lie):
        answer = desk.client.get(f"/api/v1/files/{name}/media")
        assert (answer.status_code, answer.json()["code"]) == (422, "E511")
        assert str(desk.folder) not in answer.text
        assert desk.client.get(f"/api/v1/files/{name}/thumbnail").json()["code"] == "E812"
    assert desk.client.get("/api/v1/files/blake3:../media").json()["code"] in ("E812", "E819")
    plain = desk.upload(b"\0\1\2", "data.bin")
    assert desk.client.get(f"/api/v1/files/{plain}/media").json()["type"] == "file"
