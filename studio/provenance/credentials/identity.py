"""`Identity`: with what a user signs files: a certificate, those up to its authority, and the private key."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.errors import UsageError
from studio.provenance.credentials.library import load_c2pa
from studio.provenance.credentials.pem_files import dump_key, read_certificates, read_key
from studio.settings import CredentialSettings, read_passphrase

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

AUTHORITY, AUTHORITY_KEY = "authority.pem", "authority_key.pem"
CERTIFICATE, KEY = "certificate.pem", "key.pem"
TRUSTED = "trusted"

_NEW = "make one with studio credentials init, or import another"


@dataclass(frozen=True)
class Identity:
    """With what files are signed.

    Attributes:
        chain: The certificate, and those up to its authority, as PEM.
        key: The private key as PEM, without encryption.
        algorithm: The name that C2PA has for the signature: "es256", "es384", "es512", "ps256" or "ed25519".
        name: Who signs: the common name of the certificate.
        fingerprint: SHA-256 of the certificate, in hex.
        ends: Until when the certificate is valid, in UTC.
    """

    chain: bytes
    key: bytes = field(repr=False)
    algorithm: str = "es256"
    name: str = ""
    fingerprint: str = ""
    ends: datetime.datetime = datetime.datetime.max


def load_identity(settings: CredentialSettings) -> Identity:
    """Load what the settings name, or else what `studio credentials init` made.

    Raises:
        UsageError: E770 without the extra, E771 to E774 for a key or a certificate that cannot sign.
    """
    load_c2pa()
    from cryptography.hazmat.primitives.serialization import Encoding

    path = settings.certificate or settings.folder / CERTIFICATE
    key_path = settings.key or settings.folder / KEY
    chain = read_certificates(path)
    key = read_key(key_path, read_passphrase())
    certificate = chain[0]
    if certificate.public_key() != key.public_key():
        hint = f"give the key of {path}"
        raise UsageError("E771", "the private key does not belong to the certificate", where=str(key_path), hint=hint)
    algorithm = check_certificate(chain, path)
    return Identity(
        b"".join(one.public_bytes(Encoding.PEM) for one in chain),
        dump_key(key),
        algorithm,
        find_name(certificate),
        find_fingerprint(certificate),
        certificate.not_valid_after_utc,
    )


def check_certificate(chain: Sequence[Certificate], path: Path) -> str:
    """Return the algorithm that a certificate signs with.

    Raises:
        UsageError: E774 if C2PA does not take what it signs, or if it is not valid now.
    """
    certificate = chain[0]
    problem = _find_problem(certificate)
    algorithm = _find_algorithm(certificate.public_key())
    if not problem and not algorithm:
        problem = "its kind of key is not supported"
    if problem:
        raise UsageError("E774", f"the certificate cannot sign files: {problem}", where=str(path), hint=_NEW)
    return algorithm


def _find_problem(certificate: Certificate) -> str:
    from cryptography import x509

    now = datetime.datetime.now(datetime.UTC)
    if certificate.not_valid_after_utc < now:
        return f"it expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
    if certificate.not_valid_before_utc > now:
        return f"it is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}"
    if certificate.issuer == certificate.subject:
        return "it signed itself, and C2PA wants an authority"
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return "it does not say what its key is for (key usage and extended key usage)"
    if not usage.digital_signature or not list(purposes):
        return "its key is not for signatures"
    return ""


def _find_algorithm(key: Any) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ec.EllipticCurvePublicKey):
        return {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}.get(key.curve.name, "")
    if isinstance(key, rsa.RSAPublicKey):
        return "ps256" if key.key_size >= 2048 else ""
    return "ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else ""


def find_name(certificate: Certificate) -> str:
    """Return whom a certificate names."""
    from cryptography.x509.oid import NameOID

    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        if found := certificate.subject.get_attributes_for_oid(oid):
            return str(found[0].value)
    return certificate.subject.rfc4514_string()


def find_fingerprint(certificate: Certificate) -> str:
    """Return the SHA-256 of a certificate, in hex."""
    from cryptography.hazmat.primitives.hashes import SHA256

    return certificate.fingerprint(SHA256()).hex()


def read_anchors(settings: CredentialSettings) -> str:
    """Return the authorities that the user trusts as PEM text: the own one, and those of the folder `trusted`.

    A file that cannot be read is left out: what it would vouch for is then not trusted.
    """
    from cryptography.hazmat.primitives.serialization import Encoding

    found: list[str] = []
    for path in [settings.folder / AUTHORITY, *sorted((settings.folder / TRUSTED).glob("*.pem"))]:
        try:
            found += [one.public_bytes(Encoding.PEM).decode("ascii") for one in read_certificates(path)]
        except UsageError:
            continue
    return "".join(found)
