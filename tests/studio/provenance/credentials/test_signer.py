"""Files are signed in every format, one flipped byte is found, and the chain of an edited file is kept."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("c2pa", reason="needs the extra credentials: pip install 'studio[credentials]'")
pytest.importorskip("cryptography", reason="needs the extra credentials: pip install 'studio[credentials]'")

from studio.api import File
from studio.errors import RunError
from studio.execution.content import Steps, UsedFile
from studio.provenance.credentials.claim import WrittenFile
from studio.provenance.credentials.formats import name_sidecar
from studio.provenance.credentials.identity import Identity, load_identity
from studio.provenance.credentials.reading import CredentialReader, Credentials, CredentialState
from studio.provenance.credentials.signer import FileSigner
from studio.settings import CredentialSettings
from tests.studio.provenance.credentials.conftest import BESIDE, EMBEDDED, find_step, make_png, write_file

_MADE = WrittenFile("made", "algorithmicMedia", Steps((find_step("image.gradient", "algorithmic"),)), '{"graph": 1}')


def sign(signer: FileSigner, path: Path, written: WrittenFile = _MADE) -> Path:
    signer.sign(path, path, written)
    return path


def read(reader: CredentialReader, path: Path) -> Credentials:
    found = reader.read(path)
    assert found is not None
    return found


def edit(signer: FileSigner, path: Path, *inputs: Path) -> Path:
    """Write a picture that was made from others, and sign it."""
    path.write_bytes(make_png("orange"))
    files = tuple(UsedFile(File(one, one.name, one.stat().st_size), is_shown=True) for one in inputs)
    return sign(
        signer, path, WrittenFile(path.name, "humanEdits", Steps((find_step("image.resize", "edited"),), files))
    )


@pytest.mark.parametrize("kind", EMBEDDED)
def test_a_file_is_signed_inside_and_a_flipped_byte_is_found(
    kind: str, tmp_path: Path, signer: FileSigner, reader: CredentialReader
) -> None:
    path = write_file(tmp_path / f"a.{kind}")
    plain = path.read_bytes()

    found = read(reader, sign(signer, path))
    data = bytearray(path.read_bytes())
    place = data.rindex(plain[len(plain) // 2 : len(plain) // 2 + 16])
    data[place] ^= 1
    path.write_bytes(data)
    changed = read(reader, path)

    assert (found.state, found.signer, found.is_beside) == (CredentialState.TRUSTED, "Ada Lovelace", False)
    assert found.record == '{"graph": 1}'
    assert found.chain[0].actions == ("created (image.gradient)",)
    assert len(data) - len(plain) < 6000
    assert changed.state == CredentialState.CHANGED


@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_a_file_that_is_not_read_into_memory_is_signed_alike(
    kind: str, tmp_path: Path, signer: FileSigner, reader: CredentialReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = sign(signer, write_file(tmp_path / f"small.{kind}"))
    monkeypatch.setattr("studio.provenance.credentials.signer._LARGEST_IN_MEMORY", 0)
    monkeypatch.setattr("studio.provenance.credentials.signer.io", SimpleNamespace())  # no BytesIO

    large = sign(signer, write_file(tmp_path / f"large.{kind}"))

    assert [read(reader, path).state for path in (small, large)] == [CredentialState.TRUSTED] * 2
    assert abs(small.stat().st_size - large.stat().st_size) < 200
    assert {path.name for path in tmp_path.iterdir()} == {small.name, large.name}


@pytest.mark.parametrize("kind", BESIDE)
def test_a_file_is_signed_beside_and_a_flipped_byte_is_found(
    kind: str, tmp_path: Path, signer: FileSigner, reader: CredentialReader
) -> None:
    path = write_file(tmp_path / f"a.{kind}")
    plain = path.read_bytes()

    found = read(reader, sign(signer, path))
    same = path.read_bytes()
    path.write_bytes(plain[:-9] + bytes([plain[-9] ^ 1]) + plain[-8:])
    changed = read(reader, path)

    assert (found.state, found.is_beside, same) == (CredentialState.TRUSTED, True, plain)
    assert name_sidecar(path).is_file()
    assert changed.state == CredentialState.CHANGED


def test_a_file_without_credentials_has_none(tmp_path: Path, reader: CredentialReader) -> None:
    assert reader.read(write_file(tmp_path / "a.png")) is None


def test_a_file_of_a_kind_without_credentials_is_left_as_it_is(tmp_path: Path, signer: FileSigner) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello", encoding="utf-8")

    sign(signer, path)

    assert path.read_text(encoding="utf-8") == "hello"
    assert list(tmp_path.iterdir()) == [path]


def test_an_edited_picture_of_a_signed_one_keeps_its_chain(
    tmp_path: Path, signer: FileSigner, reader: CredentialReader
) -> None:
    first = sign(signer, write_file(tmp_path / "first.png"))
    second = edit(signer, tmp_path / "second.png", first)
    third = edit(signer, tmp_path / "third.png", second)
    for path in (first, second):
        path.unlink()

    chain = read(reader, third).chain

    assert [(one.title, one.relation, one.depth) for one in chain] == [
        ("third.png", "", 0),
        ("second.png", "parent", 1),
        ("made", "parent", 2),
    ]
    assert {one.signer for one in chain} == {"Ada Lovelace"}
    assert chain[1].actions == ("opened", "edited (image.resize)")


def test_a_collage_places_its_parts_and_those_without_credentials_are_named(
    tmp_path: Path, signer: FileSigner, reader: CredentialReader
) -> None:
    signed, plain = sign(signer, write_file(tmp_path / "signed.png")), write_file(tmp_path / "plain.jpg")
    deep = tmp_path / "deep.exr"
    deep.write_bytes(b"no picture")

    chain = read(reader, edit(signer, tmp_path / "collage.png", signed, plain, deep)).chain

    assert sorted((one.title, one.relation, one.signer) for one in chain) == [
        ("collage.png", "", "Ada Lovelace"),
        ("deep.exr", "part", ""),
        ("made", "part", "Ada Lovelace"),
        ("plain.jpg", "part", ""),
    ]
    assert chain[0].actions == ("created", "placed", "edited (image.resize)")


def test_a_damaged_input_is_named_and_does_not_stop_the_run(
    tmp_path: Path, signer: FileSigner, reader: CredentialReader
) -> None:
    broken = sign(signer, write_file(tmp_path / "broken.png"))
    broken.write_bytes(broken.read_bytes()[:300])

    found = read(reader, edit(signer, tmp_path / "edited.png", broken))

    assert found.state == CredentialState.TRUSTED
    assert [one.title for one in found.chain] == ["edited.png", "broken.png"]


def test_an_input_that_was_changed_after_its_signature_is_said_to_be(
    tmp_path: Path, signer: FileSigner, reader: CredentialReader
) -> None:
    first = sign(signer, write_file(tmp_path / "first.png"))
    data = bytearray(first.read_bytes())
    data[-30] ^= 1
    first.write_bytes(data)

    chain = read(reader, edit(signer, tmp_path / "second.png", first)).chain

    assert chain[1].problem == "it was changed after it was signed"


def test_a_stripped_file_names_neither_values_nor_files(
    tmp_path: Path, signer: FileSigner, reader: CredentialReader
) -> None:
    secret = write_file(tmp_path / "client_name.jpg")
    path = write_file(tmp_path / "a.png")
    files = (UsedFile(File(secret, "x", 1), is_shown=True),)
    written = WrittenFile("a.png", "humanEdits", Steps((), files), '{"prompt": "a secret"}', is_stripped=True)

    found = read(reader, sign(signer, path, written))

    assert found.is_valid
    assert found.record == ""
    assert b"client_name" not in path.read_bytes()
    assert b"a secret" not in path.read_bytes()


@pytest.mark.parametrize("kind", ["png", "webm"])
def test_a_stripped_file_keeps_no_record_of_the_files_that_it_was_made_from(
    kind: str, tmp_path: Path, signer: FileSigner, reader: CredentialReader
) -> None:
    first = write_file(tmp_path / "first.png")
    sign(signer, first, WrittenFile("first.png", "algorithmicMedia", Steps(), '{"prompt": "a secret"}'))
    path = write_file(tmp_path / f"a.{kind}")
    files = (UsedFile(File(first, "first.png", first.stat().st_size), is_shown=True),)

    found = read(reader, sign(signer, path, WrittenFile("a", "humanEdits", Steps((), files), is_stripped=True)))

    assert found.is_valid
    assert [one.title for one in found.chain] == ["a", "input 1"]
    held = (name_sidecar(path) if kind == "webm" else path).read_bytes()
    assert b"a secret" in first.read_bytes()
    assert b"a secret" not in held
    assert b"image.gradient" not in held
    assert b"first.png" not in held


@pytest.mark.parametrize("name", ["lone \ud800 half.png", 'quote " and \\.png', "日本.png"])
def test_any_name_of_a_file_can_be_signed(
    name: str, tmp_path: Path, signer: FileSigner, reader: CredentialReader
) -> None:
    path = write_file(tmp_path / "a.png")

    found = read(reader, sign(signer, path, WrittenFile(name, "", Steps(), json.dumps({"seed": 2**80, "n": name}))))

    assert found.is_valid
    assert json.loads(found.record)["seed"] == 2**80


def test_threads_share_a_signer(tmp_path: Path, signer: FileSigner, reader: CredentialReader) -> None:
    paths = [write_file(tmp_path / f"{number}.png") for number in range(12)]
    threads = [threading.Thread(target=sign, args=(signer, path)) for path in paths]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {read(reader, path).state for path in paths} == {CredentialState.TRUSTED}


def test_plugins_say_more_of_a_file(tmp_path: Path, own: CredentialSettings, reader: CredentialReader) -> None:
    def describe(path: Path) -> dict[str, Any]:
        return {"com.example.size": {"bytes": path.stat().st_size}}

    signer = FileSigner(load_identity(own), describe=[("studio_size", describe)])

    assert "com.example.size" in read(reader, sign(signer, write_file(tmp_path / "a.png"))).assertions


def test_a_plugin_that_fails_is_named(tmp_path: Path, own: CredentialSettings) -> None:
    signer = FileSigner(load_identity(own), describe=[("studio_size", lambda path: {"a": 1 / 0})])

    with pytest.raises(RunError, match="plugin 'studio_size'") as raised:
        sign(signer, write_file(tmp_path / "a.png"))

    assert raised.value.code == "E775"


def test_a_file_that_cannot_be_signed_is_an_error_of_its_own(tmp_path: Path, signer: FileSigner) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"no picture")

    with pytest.raises(RunError) as raised:
        sign(signer, path)

    assert raised.value.code == "E775"
    assert list(tmp_path.iterdir()) == [path]


def test_the_key_of_what_signs_depends_on_the_certificate(own: CredentialSettings, signer: FileSigner) -> None:
    identity = load_identity(own)
    other = Identity(identity.chain, identity.key, identity.algorithm, identity.name, "00" * 32)

    assert FileSigner(identity).key == signer.key
    assert FileSigner(other).key != signer.key
