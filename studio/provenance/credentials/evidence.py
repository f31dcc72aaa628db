"""Content credentials as evidence of where a file comes from."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from studio.api.evidence import Evidence, Strength
from studio.provenance.credentials.identity import read_anchors
from studio.provenance.credentials.library import is_usable
from studio.provenance.credentials.reading import (
    CredentialReader,
    Credentials,
    CredentialState,
    may_have_credentials,
)
from studio.settings import CredentialSettings


def create_finder(settings: CredentialSettings) -> Callable[[Path], list[Evidence]]:
    """Return what finds the content credentials of files; the library is loaded when a file may have some."""

    @lru_cache(maxsize=1)
    def load_reader() -> CredentialReader | None:
        return CredentialReader(read_anchors(settings)) if is_usable() else None

    def find(path: Path) -> list[Evidence]:
        if not may_have_credentials(path):
            return []
        reader = load_reader()
        found = reader.read(path) if reader is not None else Credentials(CredentialState.UNCHECKED)
        return [describe_credentials(found)] if found is not None else []

    return find


def describe_credentials(credentials: Credentials) -> Evidence:
    """Return content credentials as evidence: proof if an authority that the user trusts vouches for them."""
    strength: Strength = "proof" if credentials.is_valid and credentials.is_trusted else "weak"
    details = {**credentials.to_json(), "chain": [entry.to_json() for entry in credentials.chain]}
    return Evidence("credentials", _write_statement(credentials), strength, details)


def _write_statement(credentials: Credentials) -> str:
    state, signer = credentials.state, credentials.signer or "an unnamed signer"
    problems = f": {'; '.join(credentials.problems)}" if credentials.problems else ""
    statements = {
        CredentialState.TRUSTED: f"it is signed by {signer} (trusted), and unchanged since",
        CredentialState.UNTRUSTED: f"it is signed by {signer} (not trusted), and unchanged since",
        CredentialState.CHANGED: f"it was changed after {signer} signed it{problems}",
        CredentialState.INVALID: f"its content credentials do not hold{problems}",
        CredentialState.UNREADABLE: f"its content credentials cannot be read{problems}",
        CredentialState.UNCHECKED: "it has content credentials that are not checked; pip install "
        "'studio[credentials]' checks them",
    }
    return statements[state]
