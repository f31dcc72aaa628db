"""What a page shows of a file: sizes and lengths, a small image; and a broken file is found before a job reads it."""

from __future__ import annotations

import io
import os
import struct
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from PIL import Image

from studio.server import media_view
from tests.studio.server.conftest import PATIENCE_SECONDS, Desk


def create_jpeg(side: int) -> bytes:
    """Return a JPEG."""
    buffer = io.BytesIO()
    Image.effect_noise((side, side // 2), 80).convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()


def create_wave(frames: int = 800, rate: int = 8000) -> bytes:
    """Return a WAV file of silence in 8 bits."""
    form = struct.pack("<HHIIHH", 1, 1, rate, rate, 1, 8)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", frames) + b"\x80" * frames
    return b"RIFF" + struct.pack("<I", len(body)) + body


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


def test_a_file_without_a_small_image_is_decoded_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []

    def describe(kind: str, *given: Any) -> Mapping[str, Any]:
        decoded.append(kind)
        return real(kind, *given)

    real = media_view.describe_media
    monkeypatch.setattr(media_view, "describe_media", describe)
    sound, broken = desk.upload(create_wave(), "a.wav"), desk.upload(create_jpeg(900)[:9000], "photo.jpg")

    for _ in range(3):
        for name in (sound, broken):
            assert desk.client.get(f"/api/v1/files/{name}/thumbnail").json()["code"] == "E812"

    assert decoded == ["audio", "image"]


def test_slow_files_leave_other_requests_their_threads(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, begun = threading.Event(), threading.Event()

    def describe(kind: str, *_: Any) -> Mapping[str, Any]:
        begun.set()
        assert gate.wait(2 * PATIENCE_SECONDS)
        return {}

    monkeypatch.setattr(media_view, "describe_media", describe)
    name = desk.upload(create_wave(), "a.wav")
    paths = [f"/api/v1/files/{name}/thumbnail", f"/api/v1/files/{name}/media"] * 22
    with ThreadPoolExecutor(len(paths)) as clients:
        answers = [clients.submit(desk.client.get, path) for path in paths]
        try:
            assert begun.wait(PATIENCE_SECONDS)
            deadline = time.monotonic() + PATIENCE_SECONDS
            while desk.parts.media.waiting < len(paths) - 2:
                assert time.monotonic() < deadline, desk.parts.media.waiting
                time.sleep(0.005)
            assert desk.client.get("/api/v1/jobs", timeout=PATIENCE_SECONDS).status_code == 200
        finally:
            gate.set()
        assert {answer.result().status_code for answer in answers} == {200, 404}


def test_audio_of_many_hours_is_not_decoded_to_be_shown(desk: Desk) -> None:
    name = desk.upload(create_wave(frames=3 * 3600 * 100, rate=100), "long.wav")

    media = desk.client.get(f"/api/v1/files/{name}/media").json()

    assert (media["type"], media.keys() & {"seconds", "peaks"}) == ("audio", set())


def test_nothing_is_shown_or_kept_of_a_file_that_was_forgotten(desk: Desk) -> None:
    gone, kept = desk.upload(create_jpeg(900), "a.jpg"), desk.upload(create_jpeg(800), "b.jpg")
    for name in (gone, kept):
        assert desk.client.get(f"/api/v1/files/{name}/thumbnail").status_code == 200
    with desk.parts.file.transaction() as connection:
        connection.execute("DELETE FROM files WHERE digest = ?", (gone.removeprefix("blake3:"),))

    assert desk.client.get(f"/api/v1/files/{gone}/thumbnail").json()["code"] == "E812"
    previews = desk.folder / "data" / "previews"
    desk.parts.executor.forget_expired()
    assert len(list(previews.glob("*/*"))) == 4
    for path in previews.glob("*/*"):
        os.utime(path, (0, 0))
    desk.parts.executor.forget_expired()
    assert {path.parent.name for path in previews.glob("*/*")} == {kept.removeprefix("blake3:")[:2]}
    assert len(list(previews.glob("*/*"))) == 2
    assert desk.client.get(f"/api/v1/files/{kept}/thumbnail").status_code == 200
