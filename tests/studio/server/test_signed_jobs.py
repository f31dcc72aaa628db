"""Jobs of a server that signs: their files are signed as a client downloads them, and sidecars come beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes import graph

pytest.importorskip("c2pa", reason="needs the extra credentials: pip install 'studio[credentials]'")
pytest.importorskip("cryptography", reason="needs the extra credentials: pip install 'studio[credentials]'")

from studio.provenance.credentials.identity import read_anchors
from studio.provenance.credentials.keeping import make_credentials
from studio.provenance.credentials.reading import CredentialReader, CredentialState
from studio.settings import CredentialSettings
from tests.studio.server.conftest import Desk

MADE = graph({"a": ("fake.image", {"seed": 1}), "b": ("fake.film", {"n": 3})}, picture="a", film="b")


@pytest.fixture
def own(tmp_path: Path) -> CredentialSettings:
    """Settings of a user who made a key and signs all files."""
    make_credentials(tmp_path / "own", "Ada Lovelace", None)
    return CredentialSettings(sign=True, folder=tmp_path / "own")


def download(desk: Desk, job: dict[str, Any], folder: Path) -> dict[str, Path]:
    """Save the files of a job as a client does, and return them by output."""
    assert job["state"] == "succeeded", job
    folder.mkdir()
    for output in job["outputs"]:
        for file in (output, output["credentials"]):
            if file is not None:
                (folder / file["name"]).write_bytes(desk.client.get(file["url"]).content)
    return {output["output"]: folder / output["name"] for output in job["outputs"]}


def test_the_files_of_a_job_are_signed_and_a_video_has_its_credentials_beside_it(
    start: Callable[..., Desk], own: CredentialSettings, tmp_path: Path
) -> None:
    desk = start(credentials=own)

    job = desk.run(MADE, formats={"film": "webm"})
    files = download(desk, job, tmp_path / "got")
    reader = CredentialReader(read_anchors(own))
    found = {name: reader.read(path) for name, path in files.items()}
    picture, film = sorted(job["outputs"], key=lambda output: str(output["output"]), reverse=True)

    assert {name: one.state for name, one in found.items() if one is not None} == {
        "picture": CredentialState.TRUSTED,
        "film": CredentialState.TRUSTED,
    }
    assert picture["credentials"] is None
    beside = film["credentials"]
    answer = desk.client.get(beside["url"])
    assert (beside["name"], beside["bytes"]) == ("film.c2pa", len(answer.content))
    assert beside["media_type"] == answer.headers["content-type"] == "application/c2pa"
    assert "film.c2pa" in answer.headers["content-disposition"]
    rows = {row["output"]: row for row in desk.client.get("/api/v1/results").json()["results"]}
    assert rows["film"]["credentials"] == beside
    assert [rows[name]["label"] for name in ("picture", "film")] == [picture["label"], film["label"]]


def test_credentials_beside_a_file_are_kept_as_long_as_their_job(
    start: Callable[..., Desk], own: CredentialSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = start(credentials=own)
    job = desk.run(MADE, formats={"film": "webm"}, only=["film"])
    url = job["outputs"][0]["credentials"]["url"]
    monkeypatch.setattr(desk.parts.files, "_keep_seconds", -1.0)

    desk.parts.files.forget_expired()
    kept = desk.client.get(url).status_code
    desk.client.delete("/api/v1/jobs?state=ended")
    desk.parts.files.forget_expired()

    assert (kept, desk.client.get(url).status_code) == (200, 404)


def test_a_server_that_stops_signing_offers_no_credentials_of_an_earlier_job(
    start: Callable[..., Desk], own: CredentialSettings
) -> None:
    desk = start(credentials=own)
    signed = desk.run(MADE, formats={"film": "webm"}, only=["film"])
    desk.restart(credentials=replace(own, sign=False))
    plain = desk.run(MADE, formats={"film": "webm"}, only=["film"])

    assert signed["outputs"][0]["credentials"] is not None
    assert plain["outputs"][0]["credentials"] is None
