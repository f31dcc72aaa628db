"""Keys and certificates as files: whole or not at all, a key for its owner alone, and read with bounds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.errors import UsageError
from studio.files import read_regular_file, replace_file

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_MOST_BYTES = 1 << 20
_OTHERS = 0o077


def read_certificates(path: Path) -> list[Certificate]:
    """Return the certificates in a PEM file, in its order; at least one.

    Raises:
        UsageError: E771 if it cannot be read or has none.
    """
    from cryptography import x509

    data = _read_bytes(path, "certificate")
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError:
        raise UsageError(
            "E771", "the file contains no certificate in PEM form", where=str(path), hint="give a .pem file of one"
        ) from None


def read_key(path: Path, passphrase: str | None) -> Any:
    """Return the private key in a PEM file.

    Raises:
        UsageError: E771 if it cannot be read, E772 if others may read it, E773 if its passphrase is missing or wrong.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = _read_bytes(path, "private key")
    if path.stat().st_mode & _OTHERS:
        raise UsageError(
            "E772",
            "others may read the private key",
            where=str(path),
            hint=f"chmod 600 {path}; make another if it was copied",
        )
    is_locked = b"ENCRYPTED" in data
    if is_locked and passphrase is None:
        hint = "set STUDIO_CREDENTIALS_PASSPHRASE"
        raise UsageError("E773", "the private key needs its passphrase", where=str(path), hint=hint)
    try:
        return load_pem_private_key(data, passphrase.encode() if passphrase is not None and is_locked else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        if is_locked:
            hint = "correct STUDIO_CREDENTIALS_PASSPHRASE"
            raise UsageError("E773", "wrong passphrase of the private key", where=str(path), hint=hint) from None
        raise UsageError(
            "E771", "the file contains no private key in PEM form", where=str(path), hint="give a .pem file of one"
        ) from None


def _read_bytes(path: Path, what: str) -> bytes:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError("E771", f"the file is too large for a {what}", where=str(path), hint="name another file")
        return read_regular_file(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hint = "make one with studio credentials init, or name yours in [credentials] of config.toml"
        raise UsageError("E771", f"cannot read the {what}: {reason}", where=str(path), hint=hint) from None


def write_certificates(path: Path, certificates: Sequence[Certificate]) -> None:
    """Write certificates; OSError if the disk refuses."""
    from cryptography.hazmat.primitives.serialization import Encoding

    _write(path, b"".join(one.public_bytes(Encoding.PEM) for one in certificates), 0o644)


def write_key(path: Path, key: Any, passphrase: str | None) -> None:
    """Write a private key that its owner alone may read, encrypted if there is a passphrase; OSError as above."""
    _write(path, dump_key(key, passphrase), 0o600)


def dump_key(key: Any, passphrase: str | None = None) -> bytes:
    """Return a private key as PEM (PKCS#8)."""
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    protection = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase.encode())
    data: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)
    return data


def _write(path: Path, data: bytes, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with replace_file(path) as temporary:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(data)
