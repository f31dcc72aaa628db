"""What `studio credentials` does: make, import and list keys and certificates in the user's folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.errors import UsageError
from studio.provenance.credentials.authority import IssuedCertificate, create_authority, issue_certificate
from studio.provenance.credentials.identity import (
    AUTHORITY,
    AUTHORITY_KEY,
    CERTIFICATE,
    KEY,
    TRUSTED,
    check_certificate,
    find_fingerprint,
    find_name,
)
from studio.provenance.credentials.library import load_c2pa
from studio.provenance.credentials.pem_files import read_certificates, read_key, write_certificates, write_key

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_LONGEST_NAME = 64  # of a common name, by RFC 5280


@dataclass(frozen=True)
class KeptCertificate:
    """A certificate in the user's folder.

    Attributes:
        role: "signs", "authority" or "trusted".
        name: Whom it names.
        issuer: Who signed it.
        fingerprint: SHA-256 in hex.
        ends: Until when it is valid, as YYYY-MM-DD.
        path: Its file.
    """

    role: str
    name: str
    issuer: str
    fingerprint: str
    ends: str
    path: Path

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {**self.__dict__, "path": str(self.path)}


def make_credentials(folder: Path, name: str, passphrase: str | None, *, renew: bool = False) -> list[KeptCertificate]:
    """Make an authority, a key and a certificate that the authority signs; renewed: a key and a certificate alone.

    Args:
        folder: Where they are written.
        name: Who signs files, such as "Ada Lovelace".
        passphrase: Encrypts both private keys; None for no encryption.
        renew: Whether the authority that is there issues another certificate.

    Raises:
        UsageError: E770 without the extra, E776 if a key or an authority is there, if the key to renew is not of this
            authority, the name is unfit, or the folder cannot be written; E771 to E773 if the authority that is there
            cannot be read.
    """
    load_c2pa()
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        hint = f"give 1 to {_LONGEST_NAME} characters"
        raise UsageError("E776", f"invalid name {name!r}", hint=hint)
    there = next((name for name in (KEY, AUTHORITY, AUTHORITY_KEY) if (folder / name).exists()), None)
    if there is not None and not renew:
        hint = "make another key of the same authority with --renew"
        what = "a key" if there == KEY else "an authority"
        raise UsageError("E776", f"there is {what} already", where=str(folder / there), hint=hint)
    if renew:
        authority = IssuedCertificate(
            read_certificates(folder / AUTHORITY)[0], read_key(folder / AUTHORITY_KEY, passphrase)
        )
        _check_own(folder, authority)
    else:
        authority = create_authority(name)
    issued = issue_certificate(name, authority)
    try:
        if not renew:
            write_key(folder / AUTHORITY_KEY, authority.key, passphrase)
            write_certificates(folder / AUTHORITY, [authority.certificate])
        write_certificates(folder / CERTIFICATE, [issued.certificate, authority.certificate])
        write_key(folder / KEY, issued.key, passphrase)
    except OSError as error:
        raise _refuse_folder(folder, error) from None
    return list_certificates(folder)


def _check_own(folder: Path, authority: IssuedCertificate) -> None:
    """Raise E776 if there is a key of a certificate that another authority issued: nobody could make it again."""
    try:
        certificate = read_certificates(folder / CERTIFICATE)[0]
    except UsageError:  # there is none, or a damaged one, of which nothing is known
        return
    if (folder / KEY).exists() and certificate.issuer != authority.certificate.subject:
        message = f"the key belongs to a certificate of another authority, {certificate.issuer.rfc4514_string()!r}"
        hint = f"move {KEY} and {CERTIFICATE} elsewhere first"
        raise UsageError("E776", message, where=str(folder / KEY), hint=hint)


def import_credentials(
    folder: Path, certificate: Path, key: Path, passphrase: str | None, *, replace: bool = False
) -> list[KeptCertificate]:
    """Copy a certificate with its chain and its private key into the user's folder.

    Raises:
        UsageError: E770 without the extra, E771 to E774 for what cannot sign, E776 if a key is there already.
    """
    load_c2pa()
    chain, private = read_certificates(certificate), read_key(key, passphrase)
    if chain[0].public_key() != private.public_key():
        hint = f"give the key of {certificate}"
        raise UsageError("E771", "the private key does not belong to the certificate", where=str(key), hint=hint)
    check_certificate(chain, certificate)
    if (folder / KEY).exists() and not replace:
        hint = "--replace takes the new one; keep a copy of the old one"
        raise UsageError("E776", "there is a key already", where=str(folder / KEY), hint=hint)
    try:
        write_certificates(folder / CERTIFICATE, chain)
        write_key(folder / KEY, private, passphrase)
    except OSError as error:
        raise _refuse_folder(folder, error) from None
    return list_certificates(folder)


def trust_certificates(folder: Path, path: Path) -> list[KeptCertificate]:
    """Trust the authorities in a PEM file: files that they vouch for are signed by somebody trusted.

    Raises:
        UsageError: E770 without the extra, E771 if it has no certificate, E777 if one is of no authority.
    """
    load_c2pa()
    found = read_certificates(path)
    for one in found:
        if not _is_authority(one):
            hint = "give the certificate of the authority that issued it"
            message = f"the certificate of {find_name(one)!r} is not that of an authority"
            raise UsageError("E777", message, where=str(path), hint=hint)
    try:
        for one in found:
            plain = re.sub(r"[^A-Za-z0-9]+", "_", find_name(one))[:40].strip("_")
            write_certificates(folder / TRUSTED / f"{plain}_{find_fingerprint(one)[:12]}.pem", [one])
    except OSError as error:
        raise _refuse_folder(folder, error) from None
    return [_describe("trusted", one, path) for one in found]


def list_certificates(folder: Path) -> list[KeptCertificate]:
    """Return the certificates in the user's folder; a file that cannot be read is left out.

    Raises:
        UsageError: E770 without the extra.
    """
    load_c2pa()
    places = [("signs", folder / CERTIFICATE), ("authority", folder / AUTHORITY)]
    places += [("trusted", path) for path in sorted((folder / TRUSTED).glob("*.pem"))]
    found: list[KeptCertificate] = []
    for role, path in places:
        try:
            chain: Sequence[Certificate] = read_certificates(path)
        except UsageError:
            continue
        found += [_describe(role, one, path) for one in (chain if role == "trusted" else chain[:1])]
    return found


def _describe(role: str, certificate: Certificate, path: Path) -> KeptCertificate:
    issuer = certificate.issuer.rfc4514_string()
    ends = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
    return KeptCertificate(role, find_name(certificate), issuer, find_fingerprint(certificate), ends, path)


def _is_authority(certificate: Certificate) -> bool:
    from cryptography import x509

    try:
        return bool(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except (x509.ExtensionNotFound, ValueError):
        return False


def _refuse_folder(folder: Path, error: OSError) -> UsageError:
    reason = (error.strerror or str(error)).lower()
    return UsageError("E776", f"cannot write: {reason}", where=str(folder), hint="check the folder")
