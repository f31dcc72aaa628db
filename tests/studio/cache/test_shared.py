"""The shared tier: what one machine recorded another finds, in a folder and in an object store; nothing is believed."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from fakes import Probe, graph, open_studio

from studio.api import Image, Video
from studio.api.builtin import create_builtin_value_types
from studio.cache import MISSING, Action, Cache, Digester, shared
from studio.cache.codec import Codecs
from studio.cache.shared import SharedTier
from studio.errors import UsageError


@dataclass
class Storage:
    """A storage, and one machine after the other that uses it."""

    url: str
    folder: Path
    machines: int = 0

    def open(self, url: str | None = None) -> Cache:
        """Return the cache of a machine that has seen nothing yet."""
        self.machines += 1
        folder = self.folder / f"machine{self.machines}"
        return Cache(create_builtin_value_types(), memory_bytes=0, folder=folder, shared_url=url or self.url)

    @cached_property
    def files(self) -> Any:
        return fsspec.core.url_to_fs(self.url, use_listings_cache=False, skip_instance_cache=True)

    def list(self, kind: str) -> list[str]:
        """Return the objects of a kind."""
        storage, root = self.files
        return sorted(storage.find(f"{root}/{kind}")) if storage.exists(f"{root}/{kind}") else []

    def write(self, name: str, data: bytes) -> None:
        self.files[0].pipe_file(name, data)

    def read(self, name: str) -> bytes:
        return bytes(self.files[0].cat_file(name))


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """A server that speaks S3, on this machine."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "object store"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storage:
    """An empty storage of each kind."""
    if request.param == "folder":
        return Storage(f"file://{tmp_path}/shared", tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", request.getfixturevalue("bucket"))
    for name, value in {"ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    name = f"cache-{abs(hash(tmp_path)) % 10**9}"
    fsspec.filesystem("s3", skip_instance_cache=True).mkdir(name)
    return Storage(f"s3://{name}/studio", tmp_path)


def create_picture(seed: int, side: int = 96) -> Image:
    return Image(np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8))


def record(cache: Cache, value: Any, name: str = "1") -> Action:
    """Record a value as the output of something; wait until it is written."""
    value = cache.store_streams(value)
    digest = cache.digest(value)
    action = Action(name.rjust(64, "0"), "fake.make", {"value": digest}, {"version": "1.0"}, 0.5)
    cache.record(action, {digest: value})
    cache.flush()
    assert cache.take_errors() == []
    return action


VALUES: dict[str, Callable[[], Any]] = {
    "json": lambda: {"a": [1, 2.5, None], "b": "ü"},
    "small picture": lambda: create_picture(1, 8),
    "large picture": lambda: create_picture(1),
    "list of pictures": lambda: [create_picture(1), create_picture(2, 8)],
    "film": lambda: Video.from_images([create_picture(1, 32), create_picture(2, 32)], 10),
}


@pytest.mark.parametrize("kind", VALUES)
def test_what_one_machine_recorded_another_finds(storage: Storage, kind: str) -> None:
    one = storage.open()
    action = record(one, VALUES[kind]())
    one.close()
    other = storage.open()

    found = other.find(action.fingerprint)
    value = other.load(action.outputs["value"])

    assert found is not None
    assert (found.outputs, found.parts, found.seconds) == (action.outputs, action.parts, 0.5)
    assert other.digest(value) == action.outputs["value"]
    assert found.made > 1.7e9
    other.close()


def test_what_was_fetched_once_is_there_without_the_storage(storage: Storage) -> None:
    one = storage.open()
    action = record(one, [create_picture(1), create_picture(2)])
    other = storage.open()
    other.find(action.fingerprint)
    other.load(action.outputs["value"])
    other.close()
    offline = Cache(create_builtin_value_types(), memory_bytes=0, folder=storage.folder / "machine2")

    assert offline.find(action.fingerprint) is not None
    assert offline.load(action.outputs["value"]) is not MISSING
    offline.close()
    one.close()


def test_the_entries_of_a_list_are_known_without_fetching_them(storage: Storage) -> None:
    one, other = storage.open(), storage.open()
    pictures = [create_picture(1), create_picture(2)]
    action = record(one, pictures)

    assert other.find_entries(action.outputs["value"]) == [one.digest(picture) for picture in pictures]
    one.close()
    other.close()


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "no header", "not JSON", "wrong codec", "path"])
def test_a_damaged_blob_is_dropped_and_written_again(storage: Storage, damage: str) -> None:
    one = storage.open()
    action = record(one, create_picture(1))
    (name,) = storage.list("blobs")
    storage.write(name, _damage(storage.read(name), damage))
    other = storage.open()

    assert other.load(action.outputs["value"]) is MISSING
    assert storage.list("blobs") == []
    record(other, create_picture(1))

    third = storage.open()
    assert third.load(action.outputs["value"]) is not MISSING
    for cache in (one, other, third):
        cache.close()


def _damage(data: bytes, kind: str) -> bytes:
    header, _, content = data.partition(b"\n")
    if kind == "flip":
        return data[:-50] + bytes([data[-50] ^ 1]) + data[-49:]
    if kind == "wrong codec":
        return header.replace(b"array:image", b"array:mask") + b"\n" + content
    if kind == "path":
        return json.dumps({**json.loads(header), "extension": "../../x"}).encode() + b"\n" + content
    return {"cut": data[: len(data) // 2], "empty": b"", "no header": content, "not JSON": b"[[[\n" + content}[kind]


def test_a_sound_blob_under_a_wrong_name_is_not_believed(storage: Storage) -> None:
    one = storage.open()
    action = record(one, create_picture(1))
    other = record(one, create_picture(2), "2")
    first, second = (
        next(name for name in storage.list("blobs") if action.outputs["value"] in name) for action in (action, other)
    )
    storage.write(first, storage.read(second))

    assert storage.open().load(action.outputs["value"]) is MISSING
    one.close()


def test_a_film_is_written_again_over_a_file_that_a_broken_process_left(storage: Storage) -> None:
    one = storage.open()
    action = record(one, VALUES["film"]())
    (file,), (blob,) = storage.list("files"), storage.list("blobs")
    storage.write(file, storage.read(file)[:100])
    storage.files[0].rm_file(blob)
    other = storage.open()
    record(other, VALUES["film"]())
    other.close()

    third = storage.open()

    assert third.load(action.outputs["value"]) is not MISSING
    one.close()
    third.close()


def test_a_damaged_film_is_dropped(storage: Storage) -> None:
    one = storage.open()
    action = record(one, VALUES["film"]())
    (name,) = storage.list("files")
    storage.write(name, storage.read(name)[:-9])

    assert storage.open().load(action.outputs["value"]) is MISSING
    assert storage.list("blobs") == []
    one.close()


@pytest.mark.parametrize("text", [b"", b"[]", b"\xff", b'{"format": 1}', b'{"format": 1, "outputs": {"a": "../x"}}'])
def test_a_damaged_action_counts_as_missing_and_is_written_again(storage: Storage, text: bytes) -> None:
    one = storage.open()
    action = record(one, 1)
    (name,) = storage.list("actions")
    storage.write(name, text)
    other = storage.open()

    assert other.find(action.fingerprint) is None
    record(other, 1)

    assert storage.open().find(action.fingerprint) is not None
    one.close()
    other.close()


def test_the_first_to_write_wins(storage: Storage) -> None:
    one, other, third = storage.open(), storage.open(), storage.open()
    first = record(one, 1)
    record(other, 2)

    found = third.find(first.fingerprint)

    assert found is not None
    assert found.outputs == first.outputs
    for cache in (one, other, third):
        cache.close()


def test_an_action_whose_values_are_gone_is_replaced(storage: Storage) -> None:
    one, other, third = storage.open(), storage.open(), storage.open()
    record(one, 1)
    storage.files[0].rm(storage.list("blobs")[0])
    second = record(other, 2)

    found = third.find(second.fingerprint)

    assert found is not None
    assert found.outputs == second.outputs
    for cache in (one, other, third):
        cache.close()


def test_nothing_half_written_is_left(storage: Storage) -> None:
    one = storage.open()
    record(one, VALUES["film"]())
    record(one, create_picture(1), "2")
    one.close()

    assert storage.list("tmp") == []


def test_parts_of_what_is_not_whole_stay_on_this_machine(storage: Storage) -> None:
    cache = storage.open()
    action = Action("1" * 64, "fake.make", {"value": cache.digest(1)})

    cache.record(action, {cache.digest(1): 1}, local=True)
    cache.flush()

    assert storage.list("actions") == storage.list("blobs") == []
    cache.close()


def test_a_storage_that_cannot_be_reached_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free.getsockname()[1]}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    cache = Storage("s3://nowhere/cache", tmp_path).open()

    assert cache.find("1" * 64) is None
    value = {cache.digest(1): 1}
    cache.record(Action("1" * 64, "fake.make", {"value": cache.digest(1)}), value)
    cache.flush()

    errors = cache.take_errors()
    assert {error.code for error in errors} == {"E757"}
    assert "the run continues" in errors[0].hint
    assert cache.load(cache.digest(1)) == 1
    cache.close()


def test_a_folder_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "shared").write_text("a file", encoding="utf-8")
    cache = Storage(f"file://{tmp_path}/shared/deep", tmp_path).open()

    cache.record(Action("1" * 64, "fake.make", {"value": cache.digest(1)}), {cache.digest(1): 1})
    cache.flush()

    assert {error.code for error in cache.take_errors()} == {"E757"}
    assert cache.find("1" * 64) is not None
    cache.close()


def test_a_folder_that_is_only_read_and_missing_is_a_warning(tmp_path: Path) -> None:
    url = f"{tmp_path}/mising?mode=read"
    cache = Cache(create_builtin_value_types(), memory_bytes=0, folder=tmp_path / "machine", shared_url=url)
    (error,) = cache.take_errors()
    cache.close()

    assert error.code == "E757"
    assert f"the folder '{tmp_path}/mising' does not exist" in error.message
    assert not (tmp_path / "mising").exists()


def test_an_address_that_nobody_knows_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="E001") as caught:
        Storage("gopher://example/cache", tmp_path).open()

    assert "s3://bucket/prefix" in caught.value.hint


def test_a_second_machine_runs_nothing(storage: Storage) -> None:
    probe = Probe()
    nodes = {"i": ("fake.images", {"n": 3}), "m": ("fake.mean", {"image": "@i"}), "n": ("fake.count", {"n": 2})}
    document = graph(nodes, images="i", means="m", numbers="n")
    with open_studio(storage.folder / "one", probe, cache_url=storage.url) as one:
        first = one.run(document)
    ran = probe.calls.total()
    with open_studio(storage.folder / "two", probe, cache_url=storage.url) as two:
        second = two.run(document)

    assert first.warnings == second.warnings == []
    assert (ran > 0, probe.calls.total()) == (True, ran)
    assert second.outputs["means"] == first.outputs["means"]


def test_the_frames_of_a_film_are_not_shared_but_the_film_is(storage: Storage) -> None:
    probe = Probe()
    document = graph({"f": ("fake.film", {"n": 5}), "v": ("fake.invert", {"image": "@f"})}, film="v")
    with open_studio(storage.folder / "one", probe, cache_url=storage.url) as one:
        one.executor.services.fast_frame_seconds = 0  # so that all videos are stored, and frames of mapped ones
        one.run(document)
    ran = probe.calls.total()
    with open_studio(storage.folder / "two", probe, cache_url=storage.url) as two:
        second = two.run(document)

    assert len(storage.list("files")) == 2
    assert len(list(second["film"].frames())) == 5
    assert probe.calls.total() == ran


def test_a_promised_film_is_not_shared_and_what_hangs_on_it_is(storage: Storage) -> None:
    probe = Probe()
    nodes = {"f": ("fake.film", {"n": 5}), "v": ("fake.invert", {"image": "@f"}), "m": ("fake.mean", {"image": "@v"})}
    ran = []
    for machine in ("one", "two"):
        with open_studio(storage.folder / machine, probe, cache_url=storage.url) as studio:
            studio.executor.services.fast_frame_seconds = 60.0
            assert len(studio.run(graph(nodes, means="m"))["means"]) == 5
        ran.append(probe.calls["mean"])

    assert storage.list("files") == []
    assert ran == [5, 5]


def test_without_the_setting_nothing_is_contacted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    cache = Cache(create_builtin_value_types(), memory_bytes=0, folder=tmp_path)

    assert cache.shared is None
    cache.close()


# -- a storage that fails ------------------------------------------------------------------------------

FINGERPRINT = "f" * 64


class FaultyFiles:
    """A file system in memory whose calls are counted, and fail as they are told."""

    def __init__(self, files: Any) -> None:
        self._files = files
        self.calls: list[str] = []
        self.faults: dict[str, Exception] = {}

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **more: Any) -> Any:
            self.calls.append(name)
            if name in self.faults:
                raise self.faults[name]
            return getattr(self._files, name)(*args, **more)

        return call


@dataclass
class Clock:
    """A clock that stands still until it is set."""

    seconds: float = 1000.0

    def monotonic(self) -> float:
        return self.seconds

    def time(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that the shared tier reads."""
    clock = Clock()
    monkeypatch.setattr(shared, "time", clock)
    return clock


@pytest.fixture
def tier(tmp_path: Path) -> Iterator[SharedTier]:
    """A shared tier in a storage that can fail."""
    types = create_builtin_value_types()
    made = SharedTier(f"memory://{tmp_path}", Codecs(types), Digester(types).digest)
    made._fs = FaultyFiles(made._fs)
    yield made
    made.close()


def share(tier: SharedTier, value: Any, fingerprint: str = FINGERPRINT) -> str:
    """Record a value in the shared tier; return its digest."""
    digest = Digester(create_builtin_value_types()).digest(value)
    tier.record(Action(fingerprint, "fake.make", {"value": digest}), {digest: value}, 100)
    tier.flush()
    return digest


def test_a_storage_that_cannot_be_read_is_left_alone_for_a_minute(tier: SharedTier, clock: Clock) -> None:
    share(tier, 1)
    tier._fs.faults["cat_file"] = OSError("down")
    assert tier.find(FINGERPRINT) is None
    tier._fs.faults.clear()
    tier._fs.calls.clear()

    clock.seconds += 59.9
    assert tier.find(FINGERPRINT) is None
    assert tier._fs.calls == []

    clock.seconds += 0.1
    assert tier.find(FINGERPRINT) is not None


def test_a_storage_that_cannot_be_written_is_left_alone_for_a_minute(tier: SharedTier, clock: Clock) -> None:
    tier._fs.faults["pipe_file"] = OSError("full")
    share(tier, 1)
    tier._fs.faults.clear()
    tier._fs.calls.clear()

    clock.seconds += 59.9
    share(tier, 2)
    assert tier._fs.calls == []

    clock.seconds += 0.1
    share(tier, 3)
    assert tier.find(FINGERPRINT) is not None


def test_a_storage_that_cannot_be_written_is_read_all_the_same(tier: SharedTier, clock: Clock) -> None:
    share(tier, 1)
    tier._fs.faults["pipe_file"] = OSError("read only")
    share(tier, 2, "e" * 64)

    assert tier.find(FINGERPRINT) is not None


def test_an_error_is_told_once_and_says_what_cannot_be_done(tier: SharedTier, clock: Clock) -> None:
    for _ in range(3):
        tier._fs.faults["cat_file"] = OSError("down")
        tier.find(FINGERPRINT)
        clock.seconds += 60
    tier._fs.faults["exists"] = OSError("down")
    share(tier, 1)

    messages = [error.message for error in tier.take_errors()]

    assert [("cannot be read" in message, "cannot be written to" in message) for message in messages] == [
        (True, False),
        (False, True),
    ]
    assert tier.take_errors() == []


@pytest.mark.parametrize("error", [NotImplementedError("create"), TypeError("mode"), OSError("NotImplemented: 501")])
def test_a_storage_without_conditional_writes_is_asked_for_them_once(tier: SharedTier, error: Exception) -> None:
    files, modes = tier._fs._files, []

    def pipe_file(name: str, data: bytes, mode: str = "overwrite") -> None:
        modes.append(mode)
        if mode == "create":
            raise error
        files.pipe_file(name, data)

    tier._fs.pipe_file = pipe_file
    digest = share(tier, 1)

    assert modes == ["create", "overwrite", "overwrite"]
    found = tier.find(FINGERPRINT)
    assert found is not None
    assert found.outputs == {"value": digest}
    assert tier.take_errors() == []


@pytest.mark.parametrize(
    "error",
    [
        FileExistsError("x"),
        OSError("PreconditionFailed"),
        OSError("At least one of the pre-conditions you specified did not hold"),
    ],
)
def test_an_object_that_another_machine_wrote_first_stays(tier: SharedTier, error: Exception) -> None:
    share(tier, 1)
    tier._known.clear()
    tier._fs.faults["pipe_file"] = error

    share(tier, 1)

    assert tier.take_errors() == []


def test_any_other_error_of_a_write_is_told(tier: SharedTier, clock: Clock) -> None:
    tier._fs.faults["pipe_file"] = PermissionError("no")
    share(tier, 1)

    assert [error.code for error in tier.take_errors()] == ["E757"]


@pytest.mark.parametrize("damage", ["bytes", "size", "missing", "unreachable"])
def test_a_stream_that_is_no_use_leaves_no_temporary_file(
    tier: SharedTier, clock: Clock, tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "film.mkv"
    path.write_bytes(b"0123456789")
    digest = "d" * 64
    header = shared._make_header("stream:video", "mkv", 10, path)
    files, name = tier._fs._files, tier._name("files", digest, "mkv")
    files.pipe_file(tier._name("blobs", digest), header)
    if damage != "missing":
        files.pipe_file(name, {"bytes": b"012345678X", "size": b"012345678"}.get(damage, b"0123456789"))
    if damage == "unreachable":
        tier._fs.faults["get_file"] = OSError("down")
    (tmp_path / "into").mkdir()

    assert tier.fetch(digest, lambda extension: tmp_path / "into" / f"x.{extension}") is None

    assert list((tmp_path / "into").iterdir()) == []
    assert len(tier.take_errors()) == (damage == "unreachable")


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"codec": "../etc"},
        {"codec": "a:b:c"},
        {"codec": "x" * 33},
        {"extension": "a/b"},
        {"extension": "a:b"},
        {"extension": ""},
        {"checksum": "0" * 63},
        {"checksum": "G" * 64},
        {"size": "many"},
        {"size": None},
        {"padding": "x" * 5000},
    ],
)
def test_the_header_of_a_blob_is_not_believed(changes: dict[str, Any]) -> None:
    header = {"format": 1, "codec": "json", "extension": "json", "size": 1, "checksum": "0" * 64}

    assert shared._parse_blob(json.dumps(header).encode() + b"\n1") is not None
    assert shared._parse_blob(json.dumps({**header, **changes}).encode() + b"\n1") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"fingerprint": "e" * 64},
        {"outputs": {"a": "0" * 63}},
        {"outputs": {"a": "0" * 64, "b": "x"}},
        {"outputs": ["0" * 64]},
        {"parts": None},
        {"seconds": "long"},
    ],
)
def test_an_action_is_not_believed(changes: dict[str, Any]) -> None:
    row = {
        "format": 1, "fingerprint": FINGERPRINT, "node_type": "a.b", "outputs": {"a": "0" * 64}, "parts": {},
        "seconds": 1.5, "made": 2.5, "notes": [],
    }  # fmt: skip

    assert shared._parse_action(json.dumps(row).encode(), FINGERPRINT) is not None
    assert shared._parse_action(json.dumps({**row, **changes}).encode(), FINGERPRINT) is None


def test_an_object_in_a_folder_is_synced_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    for name in ("fsync", "link", "replace"):
        original = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *args, name=name, original=original: (seen.append(name), original(*args))[1]
        )
    types = create_builtin_value_types()
    tier = SharedTier(f"file://{tmp_path}/shared", Codecs(types), Digester(types).digest)

    share(tier, 1)

    assert seen == ["fsync", "link", "fsync", "link"]  # the blob, then the action that leads to it
    assert tier._put(tier._name("actions", FINGERPRINT), b"{}", replace=True)
    assert seen[4:] == ["fsync", "replace"]
    tier.close()


def test_the_warning_does_not_show_the_credentials_of_the_address(tier: SharedTier) -> None:
    tier.url = "s3://ada:pa55word@bucket/x"
    tier._fs.faults["pipe_file"] = PermissionError("no")
    share(tier, 1)

    assert [error.where for error in tier.take_errors()] == ["s3://***@bucket/x"]
