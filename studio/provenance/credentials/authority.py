"""A local authority, and certificates that it issues, as the C2PA specification asks for them.

The profile is that of section "X.509 certificates" of the C2PA specification 2.2: version 3, ES256 on P-256, key usage
`digitalSignature`, extended key usage `emailProtection`, and an end entity that an authority has signed.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, CertificateBuilder, Name

_DAYS = 3650  # a signature without a time stamp ends with its certificate
_EARLIER = datetime.timedelta(hours=1)  # clocks of other machines may be behind


@dataclass(frozen=True)
class IssuedCertificate:
    """A certificate with its private key."""

    certificate: Certificate
    key: Any


def create_authority(name: str) -> IssuedCertificate:
    """Create an authority of its own: a new key, and a certificate that signs itself.

    Args:
        name: Whom it is for, such as "Ada Lovelace".
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    full = _create_name(f"{name}: authority", name)
    return IssuedCertificate(_sign(_begin(full, full, key.public_key(), key.public_key(), True), key), key)


def issue_certificate(name: str, authority: IssuedCertificate) -> IssuedCertificate:
    """Create a key, and a certificate for it that an authority signs.

    Args:
        name: Who signs files with it.
        authority: The authority.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    key = ec.generate_private_key(ec.SECP256R1())
    issuer, issuer_key = authority.certificate.subject, authority.certificate.public_key()
    builder = _begin(_create_name(name, name), issuer, key.public_key(), issuer_key, False)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return IssuedCertificate(_sign(builder, authority.key), key)


def _create_name(common: str, organization: str) -> Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, common), x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)]
    )


def _begin(subject: Name, issuer: Name, key: Any, issuer_key: Any, is_authority: bool) -> CertificateBuilder:
    from cryptography import x509

    now = datetime.datetime.now(datetime.UTC)
    usage = x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + datetime.timedelta(days=_DAYS))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _sign(builder: CertificateBuilder, key: Any) -> Certificate:
    from cryptography.hazmat.primitives.hashes import SHA256

    return builder.sign(key, SHA256())
