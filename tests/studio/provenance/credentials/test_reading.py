"""Credentials of strangers: whatever they hold, they end in a state and in plain words."""

from __future__ import annotations

import json
import random
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("c2pa", reason="needs the extra credentials: pip install 'studio[credentials]'")
pytest.importorskip("cryptography", reason="needs the extra credentials: pip install 'studio[credentials]'")

from studio.execution.content import Steps
from studio.provenance.credentials.authority import create_authority, issue_certificate
from studio.provenance.credentials.claim import WrittenFile
from studio.provenance.credentials.formats import name_sidecar
from studio.provenance.credentials.identity import Identity, load_identity, read_anchors
from studio.provenance.credentials.keeping import make_credentials
from studio.provenance.credentials.pem_files import dump_key
from studio.provenance.credentials.reading import CredentialReader, CredentialState, _parse, may_have_credentials
from studio.provenance.credentials.signer import FileSigner
from studio.settings import CredentialSettings
from tests.studio.provenance.credentials.conftest import EMBEDDED, find_step, make_png, write_file

_MADE = WrittenFile("made", "algorithmicMedia", Steps((find_step("image.gradient", "algorithmic"),)), "{}")


def sign(signer: FileSigner, path: Path) -> Path:
    signer.sign(path, path, _MADE)
    return path


def insert_store(store: bytes) -> bytes:
    """Return a PNG with bytes where content credentials are."""
    plain = make_png("red")
    chunk = struct.pack(">I", len(store)) + b"caBX" + store + struct.pack(">I", zlib.crc32(b"caBX" + store))
    return plain[:33] + chunk + plain[33:]


def nest(depth: int) -> bytes:
    """Return boxes in boxes."""
    body = bytes.fromhex("6332706100110010800000AA00389B71") + b"\x03c2pa\0"
    description = struct.pack(">I", 8 + len(body)) + b"jumd" + body
    return b"".join(
        struct.pack(">I", (8 + len(description)) * (depth - level)) + b"jumb" + description for level in range(depth)
    )


def test_a_signature_of_a_stranger_is_valid_and_not_trusted(
    tmp_path: Path, signer: FileSigner, reader: CredentialReader
) -> None:
    make_credentials(tmp_path / "eve", "Ada Lovelace", None)
    eve = FileSigner(load_identity(CredentialSettings(folder=tmp_path / "eve")))

    found = reader.read(sign(eve, write_file(tmp_path / "a.png")))

    assert found is not None
    assert (found.state, found.signer, found.is_trusted) == (CredentialState.UNTRUSTED, "Ada Lovelace", False)


def test_a_trusted_authority_vouches_for_its_signers(tmp_path: Path) -> None:
    make_credentials(tmp_path / "eve", "Eve", None)
    settings = CredentialSettings(folder=tmp_path / "eve")

    found = CredentialReader(read_anchors(settings)).read(
        sign(FileSigner(load_identity(settings)), write_file(tmp_path / "a.jpg"))
    )

    assert found is not None
    assert found.state == CredentialState.TRUSTED


def test_a_key_that_is_not_the_certificates_does_not_hold(tmp_path: Path, reader: CredentialReader) -> None:
    authority = create_authority("Eve")
    one, other = issue_certificate("Eve", authority), issue_certificate("Eve", authority)
    make_credentials(tmp_path / "own", "Eve", None)
    known = load_identity(CredentialSettings(folder=tmp_path / "own"))
    forged = Identity(known.chain, dump_key(other.key), known.algorithm, "Eve", "", known.ends)
    assert one.key is not other.key

    found = reader.read(sign(FileSigner(forged), write_file(tmp_path / "a.png")))

    assert found is not None
    assert found.state == CredentialState.INVALID
    assert "the signature does not fit what it signs" in found.problems


def test_a_changed_statement_does_not_hold(tmp_path: Path, signer: FileSigner, reader: CredentialReader) -> None:
    path = sign(signer, write_file(tmp_path / "a.jpg"))
    data = path.read_bytes()
    path.write_bytes(data.replace(b"image.gradient", b"camera.capture", 1))

    found = reader.read(path)

    assert found is not None
    assert found.state in (CredentialState.INVALID, CredentialState.UNREADABLE)
    assert found.problems


def test_the_credentials_of_another_file_do_not_fit(
    tmp_path: Path, signer: FileSigner, reader: CredentialReader
) -> None:
    path, other = write_file(tmp_path / "a.webm"), write_file(tmp_path / "b.webm")
    sign(signer, path)
    other.write_bytes(path.read_bytes() + b"\0\0\0\0")
    name_sidecar(path).rename(name_sidecar(other))

    found = reader.read(other)

    assert found is not None
    assert found.state == CredentialState.CHANGED


@pytest.mark.parametrize("kind", ["mp4", "png", "srt", "c2pa"])
def test_credentials_beside_one_file_are_not_those_of_another_of_its_stem(
    kind: str, tmp_path: Path, signer: FileSigner, reader: CredentialReader
) -> None:
    path = sign(signer, write_file(tmp_path / "clip.webm"))
    other = path.with_suffix(f".{kind}")
    if kind == "srt":
        other.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n", encoding="utf-8")
    elif kind != "c2pa":
        write_file(other)

    assert reader.read(other) is None
    assert may_have_credentials(other) == (kind == "c2pa")
    assert may_have_credentials(path)


@pytest.mark.parametrize("kind", [kind for kind in EMBEDDED if kind != "mp4"])
@pytest.mark.parametrize("name", ["misnamed.mp4", f"blake3:{'0' * 64}"])
def test_credentials_are_found_whatever_a_file_is_called(
    kind: str, name: str, tmp_path: Path, signer: FileSigner, reader: CredentialReader
) -> None:
    path = sign(signer, write_file(tmp_path / f"a.{kind}")).rename(tmp_path / name)

    found = reader.read(path)

    assert found is not None
    assert found.state == CredentialState.TRUSTED


@pytest.mark.parametrize(
    "store",
    [b"", b"jumb", b"\0" * 5000, nest(1), nest(31), nest(100_000), b"jumb" + b"\xff" * 3000, b"c2pa" * 500_000],
    ids=["empty", "a word", "zeros", "an empty box", "boxes", "deep boxes", "lengths", "large"],
)
def test_malformed_credentials_end_in_words(store: bytes, tmp_path: Path, reader: CredentialReader) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(insert_store(store))

    begin = time.process_time()
    found = reader.read(path)

    assert time.process_time() - begin < 30
    assert found is None or (found.state == CredentialState.UNREADABLE and found.problems)


def test_damaged_and_truncated_credentials_end_in_a_state(
    tmp_path: Path, signer: FileSigner, reader: CredentialReader
) -> None:
    data, path = sign(signer, write_file(tmp_path / "a.png")).read_bytes(), tmp_path / "b.png"
    rng, begin = random.Random(3), data.index(b"jumb")
    states = set()

    for number in range(150):
        damaged = bytearray(data)
        for _ in range(rng.choice((1, 3, 10))):
            damaged[rng.randrange(begin - 8, begin + 2500)] = rng.randrange(256)
        path.write_bytes(damaged[: rng.randrange(len(data))] if number % 5 == 0 else damaged)
        found = reader.read(path)
        states.add(None if found is None else found.state)

    assert CredentialState.UNREADABLE in states
    assert CredentialState.INVALID in states


@pytest.mark.parametrize("sidecar", [b"", b"no manifest", nest(5000)])
def test_a_sidecar_that_is_none_ends_in_words(sidecar: bytes, tmp_path: Path, reader: CredentialReader) -> None:
    path = write_file(tmp_path / "a.webm")
    name_sidecar(path).write_bytes(sidecar)

    found = reader.read(path)

    assert found is None or found.state == CredentialState.UNREADABLE


def make_store(**manifest: Any) -> dict[str, Any]:
    return {"active_manifest": "a", "validation_state": "Valid", "manifests": {"a": {"title": "a.png", **manifest}}}


def test_a_chain_that_leads_to_itself_ends() -> None:
    store = make_store(ingredients=[{"title": "b.png", "active_manifest": "b", "relationship": "parentOf"}])
    store["manifests"]["b"] = {"title": "b.png", "ingredients": [{"title": "a.png", "active_manifest": "a"}]}

    found = _parse(store, is_beside=False)

    assert found is not None
    assert [one.title for one in found.chain] == ["a.png", "b.png", "a.png"]
    assert found.chain[2].problem == "it is said to be made from itself"


def test_a_chain_that_branches_without_end_is_cut() -> None:
    store = make_store()
    store["manifests"] = {
        str(n): {"ingredients": [{"active_manifest": str(n + 1)}, {"active_manifest": str(n + 1)}]} for n in range(60)
    } | {"a": {"ingredients": [{"active_manifest": "0"}]}}

    found = _parse(store, is_beside=False)

    assert found is not None
    assert len(found.chain) == 200


def test_texts_of_strangers_are_cut_to_one_plain_line() -> None:
    store = make_store(signature_info={"common_name": "Eve\x1b[2J\n" + "x" * 10_000})

    found = _parse(store, is_beside=False)

    assert found is not None
    assert found.signer.startswith("Eve [2J xxx")
    assert len(found.signer) <= 120


@pytest.mark.parametrize(
    "store",
    [{}, {"manifests": 7}, {"active_manifest": "a", "manifests": {"a": []}}, make_store(ingredients=7),
     make_store(assertions=[7]), make_store(claim_generator_info=[[]]), make_store(signature_info=[1])],
)  # fmt: skip
def test_an_answer_of_another_shape_is_malformed_or_read(
    store: Any, tmp_path: Path, reader: CredentialReader, monkeypatch: pytest.MonkeyPatch, signer: FileSigner
) -> None:
    path = sign(signer, write_file(tmp_path / "a.png"))
    monkeypatch.setattr(reader, "_read_text", lambda path, sidecar: json.dumps(store))

    found = reader.read(path)

    assert found is not None
    assert found.state in (CredentialState.UNREADABLE, CredentialState.UNTRUSTED)
