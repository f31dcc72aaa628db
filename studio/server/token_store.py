"""`TokenStore`: the tokens that clients show; only their hashes are stored."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass
from enum import StrEnum

from studio.errors import UsageError
from studio.redaction import remember_secret
from studio.server.job_file import JobFile

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Scope(StrEnum):
    """What a token allows."""

    RUN = "run"
    """Submit jobs and upload files; see, cancel and retry its own jobs."""
    READ = "read"
    """See graphs and all jobs, and submit none."""
    ADMIN = "admin"
    """All of it, for the jobs of all tokens."""


@dataclass(frozen=True)
class Token:
    """A token without its secret.

    Attributes:
        name: Its name, which its jobs are known by.
        scope: What it allows.
        made: When it was added, in seconds since 1970.
    """

    name: str
    scope: Scope
    made: float


class TokenStore:
    """The tokens of one server.

    Args:
        file: Where they are.
    """

    def __init__(self, file: JobFile) -> None:
        self._file = file

    def add(self, name: str, scope: Scope) -> str:
        """Add a token, and return its secret, which is not stored.

        Raises:
            UsageError: E804 if the name is invalid, or taken.
        """
        if not _NAME.fullmatch(name):
            hint = "use at most 64 letters, digits, _, - and ."
            raise UsageError("E804", f"invalid token name {name[:80]!r}", hint=hint)
        secret = f"studio_{secrets.token_urlsafe(32)}"
        with self._file.transaction() as connection:
            added = connection.execute(
                "INSERT OR IGNORE INTO tokens VALUES (?, ?, ?, ?)", (name, _hash(secret), str(scope), time.time())
            ).rowcount
        if not added:
            hint = f"remove it first: studio serve token remove {name}"
            raise UsageError("E804", f"there is a token {name!r} already", hint=hint)
        return secret

    def remove(self, name: str) -> None:
        """Remove a token; its jobs stay.

        Raises:
            UsageError: E804 if there is none of this name.
        """
        with self._file.transaction() as connection:
            removed = connection.execute("DELETE FROM tokens WHERE name = ?", (name,)).rowcount
        if not removed:
            raise UsageError("E804", f"unknown token {name[:80]!r}", hint="studio serve token list shows the names")

    def list_tokens(self) -> list[Token]:
        """Return all tokens, by name."""
        with self._file.reading() as connection:
            rows = connection.execute("SELECT name, scope, made FROM tokens ORDER BY name").fetchall()
        return [Token(name, Scope(scope), made) for name, scope, made in rows]

    def find(self, secret: str) -> Token | None:
        """Return the token of a secret, or None."""
        wanted = _hash(secret)
        with self._file.reading() as connection:
            query = "SELECT name, scope, made, hash FROM tokens WHERE hash = ?"
            row = connection.execute(query, (wanted,)).fetchone()
        if row is None or not hmac.compare_digest(row[3].encode(), wanted.encode()):
            return None
        remember_secret(secret)
        return Token(row[0], Scope(row[1]), row[2])

    def has_any(self) -> bool:
        """Return whether there is a token."""
        with self._file.reading() as connection:
            return connection.execute("SELECT 1 FROM tokens LIMIT 1").fetchone() is not None


def _hash(secret: str) -> str:
    """Return what is stored of a secret; it is random, so that a fast hash is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
