"""Files by their digests: uploaded once, read in ranges, and never named by a path."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from blake3 import blake3
from fakes import graph
from PIL import Image

from studio.provenance.embedded import read_embedded
from tests.studio.server.conftest import Desk


def create_png(side: int = 16) -> bytes:
    """Return a small image."""
    stream = io.BytesIO()
    Image.fromarray(np.random.default_rng(3).integers(0, 256, (side, side, 3), np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def test_an_uploaded_file_is_an_input_of_a_job_by_its_digest_alone(desk: Desk) -> None:
    desk.write_graph("shift", {
        "inputs": {"photo": {"type": "image"}},
        "nodes": {"a": {"type": "fake.shift", "inputs": {"image": {"from": "inputs.photo"}, "by": 1}}},
        "outputs": {"picture": {"from": "a"}},
    })  # fmt: skip
    png = create_png()
    file = {"file": desk.upload(png)}

    named = desk.run("shift", values={"photo": file})
    sent = desk.run(graph({"a": ("fake.shift", {"image": file, "by": 1})}, picture="a"))

    for job in (named, sent):
        assert job["state"] == "succeeded", job
        made = Image.open(io.BytesIO(desk.client.get(job["outputs"][0]["url"]).content))
        wanted = np.asarray(Image.open(io.BytesIO(png))) + np.uint8(1)
        assert np.array_equal(np.asarray(made.convert("RGB")), wanted)
    assert desk.probe.calls["shift"] == 1


def test_what_names_a_path_is_refused_wherever_it_is(desk: Desk) -> None:
    (desk.folder / "secret.png").write_bytes(create_png())
    (desk.graphs / "own.png").write_bytes(create_png())
    path = str(desk.folder / "secret.png")
    desk.write_graph("any", {
        "inputs": {"photo": {"type": "image", "default": {"file": "own.png"}},
                   "list": {"type": "list[image]", "default": []}, "model": {"type": "model", "default": "builtin:x"},
                   "data": {"type": "json", "default": {}}},
        "nodes": {"a": {"type": "fake.shift", "inputs": {"image": {"from": "inputs.photo"}}},
                  "j": {"type": "fake.json", "inputs": {"value": {"from": "inputs.data"}}}},
        "outputs": {"picture": {"from": "a"}, "data": {"from": "j"}},
    })  # fmt: skip
    values = [
        {"photo": path}, {"photo": {"file": path}}, {"photo": {"file": "own.png"}}, {"photo": [{"file": path}]},
        {"list": [path]}, {"list": {"files": "*.png"}}, {"model": f"file:{path}"}, {"data": {"a": [{"file": path}]}},
        {"model": {"model": "builtin:x", "options": {"base": "file:/etc/passwd"}}},
        {"photo": {"file": f"blake3:{'0' * 63}/../../secret.png"}},
        {"photo": {"literal": path}}, {"photo": {"literal": {"file": path}}}, {"list": [{"literal": path}]},
        {"list": {"literal": [path]}}, {"model": {"literal": f"file:{path}"}},
        {"model": {"model": {"literal": f"file:{path}"}}},
    ]  # fmt: skip
    nodes = [
        ("fake.shift", {"image": {"file": path}}), ("fake.shift", {"image": {"files": "*"}}),
        ("fake.shift", {"image": {"file": f"./blake3:{'0' * 64}"}}), ("graph:./any.json", {}),
        ("fake.json", {"value": {"deep": [{"file": "../data/server.sqlite3"}]}}),
    ]  # fmt: skip
    bodies = [{"graph": "any", "values": given} for given in values]
    bodies += [{"graph": graph({"a": node}, x="a")} for node in nodes]

    for body in bodies:
        response = desk.client.post("/api/v1/jobs", json=body)

        assert (response.status_code, response.json()["code"]) == (422, "E815"), (body, response.text)
        assert str(desk.folder) not in response.text
    unknown = desk.client.post(
        "/api/v1/jobs", json={"graph": "any", "values": {"photo": {"file": f"blake3:{'0' * 64}"}}}
    )
    assert (unknown.status_code, unknown.json()["code"], unknown.json()["where"]) == (422, "E812", "/values/photo")
    assert desk.run("any")["state"] == "succeeded"


def test_a_file_is_found_by_its_digest_and_kept_once(desk: Desk) -> None:
    content = create_png()
    url = f"/api/v1/files/blake3:{blake3(content).hexdigest()}"
    assert desk.client.head(url).status_code == 404

    put, again = desk.client.put(url, content=content), desk.client.post("/api/v1/files", content=content)
    form = desk.client.post("/api/v1/files", files={"file": ("photo.png", content, "text/html")})
    lie = desk.client.put(url, content=b"other")

    assert [answer.status_code for answer in (put, again, form, lie)] == [201, 201, 201, 422]
    assert (form.json()["url"], form.json()["media_type"], form.json()["name"]) == (url, "image/png", "photo.png")
    assert lie.json()["code"] == "E816"
    assert desk.client.head(url).headers["content-length"] == str(len(content))
    assert [path.name for path in (desk.folder / "data" / "files").iterdir()] == [url.rpartition("/")[2]]


def test_ranges_and_tags_work_as_browsers_use_them(desk: Desk) -> None:
    url = f"/api/v1/files/{desk.upload(b'0123456789', 'digits.txt')}"

    whole = desk.client.get(url)
    tag = whole.headers["etag"]

    def get(**headers: str) -> tuple[int, bytes]:
        answer = desk.client.get(url, headers={name.replace("_", "-"): text for name, text in headers.items()})
        return answer.status_code, answer.content

    assert whole.headers["content-type"] == "text/plain; charset=utf-8"
    assert (whole.headers["x-content-type-options"], "sandbox" in whole.headers["content-security-policy"]) == (
        "nosniff",
        True,
    )
    assert get(range="bytes=2-4") == (206, b"234")
    assert get(range="bytes=-2") == (206, b"89")
    assert get(range="bytes=20-")[0] == 416
    assert get(range="bytes=2-4", if_range=tag) == (206, b"234")
    assert get(range="bytes=2-4", if_range='"old"') == (200, b"0123456789")
    assert get(if_none_match=f'"a", W/{tag}') == (304, b"")


def test_a_file_that_a_browser_would_run_is_plain_bytes(desk: Desk) -> None:
    for name, content in (("a.html", b"<script>alert(1)</script>"), ("a.svg", b"<svg onload='alert(1)'/>")):
        answer = desk.client.get(f"/api/v1/files/{desk.upload(content, name)}")

        assert answer.headers["content-type"] == "application/octet-stream"


def test_a_body_is_counted_as_it_arrives(start: Callable[..., Desk]) -> None:
    desk = start(most_file_bytes=1000)

    def send() -> Iterator[bytes]:
        yield from (b"x" * 100 for _ in range(1000))

    told = desk.client.post("/api/v1/files", content=b"x" * 1001)
    untold = desk.client.post("/api/v1/files", content=send())
    form = desk.client.post("/api/v1/files", files={"file": ("a", b"x" * 5000)})

    assert [(answer.status_code, answer.json()["code"]) for answer in (told, untold, form)] == [(413, "E808")] * 3
    assert list((desk.folder / "data" / "files").iterdir()) == []


def test_a_file_is_kept_as_long_as_a_job_needs_it(start: Callable[..., Desk]) -> None:
    desk = start(keep_seconds=0.0)
    file = desk.upload(create_png())
    job = desk.submit(
        graph({"w": ("fake.wait", {"gate": "gate"}), "a": ("fake.shift", {"image": {"file": file}, "by": "@w"})}, x="a")
    )
    desk.probe.wait_for("gate")

    desk.parts.executor.forget_expired()
    assert desk.client.head(f"/api/v1/files/{file}").status_code == 200
    desk.probe.open("gate")
    desk.wait(job)
    desk.parts.executor.forget_expired()

    assert desk.client.get(f"/api/v1/jobs/{job['id']}").status_code == 404
    assert desk.client.head(f"/api/v1/files/{file}").status_code == 404
    assert list((desk.folder / "data" / "files").iterdir()) == []


def test_neither_files_nor_nodes_name_folders_of_the_server(desk: Desk, tmp_path: Path) -> None:
    desk.write_graph("shift", {
        "inputs": {"photo": {"type": "image"}},
        "nodes": {"a": {"type": "fake.shift", "inputs": {"image": {"from": "inputs.photo"}}}},
        "outputs": {"picture": {"from": "a"}},
    })  # fmt: skip
    file = desk.upload(create_png())

    job = desk.run("shift", values={"photo": {"file": file}})
    (tmp_path / "made.png").write_bytes(desk.client.get(job["outputs"][0]["url"]).content)

    record = read_embedded(tmp_path / "made.png", desk._studio.registry.value_types.values(), max_length=10**6)
    assert record is not None
    assert list(job["nodes"]) == [f"file:{file}:image", "a"]
    assert record.recipe.inputs == {"photo": {"file": file}}
    assert record.recipe.file_digests == {file: file.removeprefix("blake3:")}
    assert record.recipe.base == tmp_path


def test_no_upload_touches_the_folder_of_temporary_files(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.SpooledTemporaryFile", None)
    monkeypatch.setattr("tempfile.TemporaryFile", None)
    png = create_png(900)  # over 2 MB

    response = desk.client.post("/api/v1/files", files={"file": ("..\\x/photo.png", png)}, data={"note": "ü"})

    assert response.status_code == 201
    assert response.json()["digest"] == f"blake3:{blake3(png).hexdigest()}"
    assert (response.json()["name"], response.json()["media_type"]) == ("photo.png", "image/png")


def test_the_fields_of_a_form_take_four_mebibytes_in_all(desk: Desk) -> None:
    def send(fields: int) -> tuple[int, str]:
        form = {f"{number}": "x" * 2**20 for number in range(fields)}
        response = desk.client.post("/api/v1/files", data=form, files={"file": ("a", b"x")})
        return response.status_code, response.json().get("detail", "")

    assert send(4) == (201, "")
    assert send(5) == (422, "the fields of the form are too long together")


def test_what_is_no_form_is_a_problem_and_leaves_nothing(desk: Desk) -> None:
    begin = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc'
    bodies = {
        b"": "the form is cut off",
        begin: "the form is cut off",
        b"abc": "the body is not a form",
        begin + b"\r\n" + begin + b"\r\n--b--\r\n": "the form has too many files",
        b"--b\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--b--\r\n": "a part of the form has no name",
        b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\nabc\r\n--b--\r\n': "the form contains no file",
        b"--b\r\nX: " + b"y" * 9000 + b"\r\n\r\n": "the body is not a form",
    }
    headers = {"content-type": "multipart/form-data; boundary=b; charset=nonsense"}

    for body, message in bodies.items():
        response = desk.client.post("/api/v1/files", content=body, headers=headers)
        assert (response.status_code, response.json()["detail"]) == (422, message), body
    bare = desk.client.post("/api/v1/files", content=b"x", headers={"content-type": "multipart/form-data"})
    assert (bare.status_code, bare.json()["detail"]) == (422, "the form has no boundary")
    assert list((desk.folder / "data" / "files").iterdir()) == []


def test_a_range_that_is_no_part_of_the_file_is_a_problem(desk: Desk) -> None:
    url = f"/api/v1/files/{desk.upload(b'0123456789')}"

    for asked in ("bytes=10-", "bytes=-0", "bytes=5-2", "lines=1-2", "bytes=", "bytes=a-b", f"bytes={'0-0,' * 40}1-1"):
        response = desk.client.get(url, headers={"range": asked})
        assert (response.status_code, response.json()["code"]) == (416, "E809"), asked
        assert response.headers["content-range"] == "bytes */10"
    assert desk.client.get(url, headers={"range": "bytes=-3"}).content == b"789"


def test_files_that_nobody_needs_make_room_and_those_of_jobs_stay(
    start: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.server.file_store._SECONDS_TO_USE", 0.0)
    desk = start(most_stored_bytes=3000)
    needed = desk.upload(create_png(8))
    desk.run(graph({"a": ("fake.mean", {"image": {"file": needed}})}, number="a"))
    first = desk.upload(b"a" * 2000)

    second = desk.upload(b"b" * 2000)
    refused = desk.client.post("/api/v1/files", content=b"c" * 4000)

    statuses = [desk.client.head(f"/api/v1/files/{name}").status_code for name in (needed, first, second)]
    assert (statuses[:2], refused.status_code, refused.json()["code"]) == ([200, 404], 507, "E824")


def test_a_document_does_not_tell_whether_a_file_of_the_server_exists(desk: Desk) -> None:
    (desk.folder / "data" / "files" / "there").write_bytes(b"x")
    answers = set()
    for name in ("there", "missing", "../there", "/etc/hostname", "/etc/nosuch"):
        document = {
            "studio": 1,
            "inputs": {"p": {"type": "file", "default": {"literal": name}}},
            "nodes": {},
            "outputs": {"x": {"from": "inputs.p"}},
        }
        problem = desk.client.post("/api/v1/jobs", json={"graph": document}).json()
        answers.add((problem["status"], problem["code"]))

    assert answers == {(422, "E815")}
