"""Keys and certificates: made, imported, trusted; and what cannot sign ends in one clear line."""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("c2pa", reason="needs the extra credentials: pip install 'studio[credentials]'")
pytest.importorskip("cryptography", reason="needs the extra credentials: pip install 'studio[credentials]'")

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from studio.errors import UsageError
from studio.provenance.credentials.authority import create_authority, issue_certificate
from studio.provenance.credentials.identity import load_identity, read_anchors
from studio.provenance.credentials.keeping import import_credentials, make_credentials, trust_certificates
from studio.provenance.credentials.pem_files import write_certificates, write_key
from studio.settings import CredentialSettings

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


def issue(
    *,
    begin: datetime.datetime = NOW - DAY,
    end: datetime.datetime = NOW + DAY,
    signs_itself: bool = False,
    purposes: bool = True,
    signatures: bool = True,
    key: Any = None,
) -> tuple[list[x509.Certificate], Any]:
    """Return a chain of certificates that is right but for what is asked for, and its key."""
    authority, key = create_authority("Eve"), key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Eve")])
    issuer, issuer_key = (name, key) if signs_itself else (authority.certificate.subject, authority.key)
    usage = x509.KeyUsage(signatures, False, not signatures, False, False, False, False, False, False)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(begin).not_valid_after(end).add_extension(usage, critical=True)
    if purposes:
        usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(usages, critical=False)
    return [builder.sign(issuer_key, SHA256()), authority.certificate], key


def keep(folder: Path, chain: list[x509.Certificate], key: Any) -> CredentialSettings:
    write_certificates(folder / "certificate.pem", chain)
    write_key(folder / "key.pem", key, None)
    return CredentialSettings(sign=True, folder=folder)


def refuse(settings: CredentialSettings) -> UsageError:
    with pytest.raises(UsageError) as raised:
        load_identity(settings)
    assert raised.value.hint
    return raised.value


def test_a_made_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    make_credentials(tmp_path / "own", "Ada", None)

    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "own").iterdir()}

    assert modes == {"authority.pem": 0o644, "authority_key.pem": 0o600, "certificate.pem": 0o644, "key.pem": 0o600}


def test_a_made_key_is_kept_unless_it_is_renewed_by_the_same_authority(tmp_path: Path) -> None:
    make_credentials(tmp_path, "Ada", None)
    settings = CredentialSettings(folder=tmp_path)
    first, anchors = load_identity(settings), read_anchors(settings)

    with pytest.raises(UsageError) as raised:
        make_credentials(tmp_path, "Ada", None)
    make_credentials(tmp_path, "Ada Lovelace", None, renew=True)
    second = load_identity(settings)

    assert raised.value.code == "E776"
    assert (first.name, second.name) == ("Ada", "Ada Lovelace")
    assert first.fingerprint != second.fingerprint
    assert read_anchors(settings) == anchors


@pytest.mark.parametrize("kept", ["key.pem", "authority.pem", "authority_key.pem"])
def test_nothing_that_is_there_is_made_again(kept: str, tmp_path: Path) -> None:
    make_credentials(tmp_path, "Ada", None)
    for path in list(tmp_path.iterdir()):
        if path.name != kept:
            path.unlink()
    before = (tmp_path / kept).read_bytes()

    with pytest.raises(UsageError, match="already") as raised:
        make_credentials(tmp_path, "Ada", None)

    assert raised.value.code == "E776"
    assert raised.value.where == str(tmp_path / kept)
    assert [path.name for path in tmp_path.iterdir()] == [kept]
    assert (tmp_path / kept).read_bytes() == before


def test_an_imported_key_is_not_renewed_by_the_own_authority(tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    make_credentials(own, "Ada", None)
    make_credentials(other, "Bob", None)
    import_credentials(own, other / "certificate.pem", other / "key.pem", None, replace=True)
    before = {path.name: path.read_bytes() for path in own.iterdir()}

    with pytest.raises(UsageError, match="of another authority") as raised:
        make_credentials(own, "Ada", None, renew=True)

    assert raised.value.code == "E776"
    assert {path.name: path.read_bytes() for path in own.iterdir()} == before


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\nb"])
def test_an_unfit_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        make_credentials(tmp_path, name, None)

    assert raised.value.code == "E776"


def test_a_passphrase_opens_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_credentials(tmp_path, "Ada", "open sesame")
    settings = CredentialSettings(folder=tmp_path)

    missing = refuse(settings)
    monkeypatch.setenv("STUDIO_CREDENTIALS_PASSPHRASE", "open barley")
    wrong = refuse(settings)
    monkeypatch.setenv("STUDIO_CREDENTIALS_PASSPHRASE", "open sesame")

    assert load_identity(settings).name == "Ada"
    assert (missing.code, wrong.code) == ("E773", "E773")
    assert "barley" not in str(wrong)
    assert b"ENCRYPTED" in (tmp_path / "key.pem").read_bytes()
    assert "BEGIN" not in repr(load_identity(settings)).partition("key=")[2]


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    make_credentials(tmp_path, "Ada", None)
    os.chmod(tmp_path / "key.pem", 0o644)

    assert refuse(CredentialSettings(folder=tmp_path)).code == "E772"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"begin": NOW - 2 * DAY, "end": NOW - DAY}, "it expired on"),
        ({"begin": NOW + DAY, "end": NOW + 2 * DAY}, "it is not valid before"),
        ({"signs_itself": True}, "it signed itself"),
        ({"purposes": False}, "does not say what its key is for"),
        ({"signatures": False}, "its key is not for signatures"),
        ({"key": ec.generate_private_key(ec.SECP256K1())}, "its kind of key is not supported"),
        ({"key": rsa.generate_private_key(65537, 1024)}, "its kind of key is not supported"),
    ],
)
def test_a_certificate_that_cannot_sign_is_refused(wrong: dict[str, Any], words: str, tmp_path: Path) -> None:
    error = refuse(keep(tmp_path, *issue(**wrong)))

    assert error.code == "E774"
    assert words in error.message


def test_the_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    chain, _ = issue()

    assert refuse(keep(tmp_path, chain, ec.generate_private_key(ec.SECP256R1()))).code == "E771"


@pytest.mark.parametrize("name", ["certificate.pem", "key.pem"])
@pytest.mark.parametrize(
    "content",
    [None, b"", b"no pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", b"x" * (2 << 20)],
    ids=["missing", "empty", "text", "damaged", "large"],
)
def test_a_file_that_is_neither_key_nor_certificate_is_refused(
    name: str, content: bytes | None, tmp_path: Path
) -> None:
    make_credentials(tmp_path, "Ada", None)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
        os.chmod(tmp_path / name, 0o600)

    assert refuse(CredentialSettings(folder=tmp_path)).code == "E771"


def test_a_certificate_of_an_authority_is_imported(tmp_path: Path) -> None:
    authority = create_authority("An authority")
    issued = issue_certificate("Ada", authority)
    write_certificates(tmp_path / "ada.pem", [issued.certificate, authority.certificate])
    write_key(tmp_path / "ada_key.pem", issued.key, None)

    import_credentials(tmp_path / "own", tmp_path / "ada.pem", tmp_path / "ada_key.pem", None)
    with pytest.raises(UsageError) as raised:
        import_credentials(tmp_path / "own", tmp_path / "ada.pem", tmp_path / "ada_key.pem", None)

    assert load_identity(CredentialSettings(folder=tmp_path / "own")).name == "Ada"
    assert (tmp_path / "own" / "key.pem").stat().st_mode & 0o777 == 0o600
    assert raised.value.code == "E776"


def test_only_authorities_are_trusted(tmp_path: Path) -> None:
    authority = create_authority("An authority")
    issued = issue_certificate("Eve", authority)
    write_certificates(tmp_path / "authority.pem", [authority.certificate])
    write_certificates(tmp_path / "eve.pem", [issued.certificate])

    trust_certificates(tmp_path / "own", tmp_path / "authority.pem")
    with pytest.raises(UsageError) as raised:
        trust_certificates(tmp_path / "own", tmp_path / "eve.pem")

    assert read_anchors(CredentialSettings(folder=tmp_path / "own")).count("BEGIN CERTIFICATE") == 1
    assert raised.value.code == "E777"


def test_a_damaged_trusted_certificate_is_left_out(tmp_path: Path) -> None:
    make_credentials(tmp_path, "Ada", None)
    (tmp_path / "trusted").mkdir()
    (tmp_path / "trusted" / "broken.pem").write_text("nothing", encoding="utf-8")

    assert read_anchors(CredentialSettings(folder=tmp_path)).count("BEGIN CERTIFICATE") == 1
