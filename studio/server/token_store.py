"""`TokenStore`: the tokens that clients show; only their hashes are stored."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from studio.errors import UsageError
from studio.redaction import remember_secret
from studio.runtime.memory import show_bytes
from studio.server.job import HIGHEST_PRIORITY
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


MOST_QUEUED = 10_000
"""How many jobs of one token may wait, where nothing else is said."""


@dataclass(frozen=True)
class TokenLimits:
    """What a token may use.

    Attributes:
        most_queued: How many of its jobs may wait; None for as many as of all.
        highest_priority: The highest priority of its jobs.
        most_bytes: How many bytes its files may take; None for no limit.
    """

    most_queued: int | None = None
    highest_priority: int = HIGHEST_PRIORITY
    most_bytes: int | None = None

    def check_priority(self, priority: int) -> None:
        """Refuse a priority that is too high.

        Raises:
            UsageError: E806.
        """
        if self.highest_priority < priority <= HIGHEST_PRIORITY:
            message = f"this token may use no higher priority than {self.highest_priority}"
            raise UsageError("E806", message, hint="send a lower priority, or ask the operator for another token")

    def check_bytes(self, name: str, count: int) -> None:
        """Refuse more files than there may be.

        Raises:
            UsageError: E824.
        """
        if self.most_bytes is not None and count > self.most_bytes:
            message = f"files of the token {name!r} take more than {show_bytes(self.most_bytes)}"
            raise UsageError("E824", message, hint="wait until older jobs and files expire, or ask the operator")


@dataclass(frozen=True)
class Token:
    """A token without its secret.

    Attributes:
        name: Its name, which its jobs are known by.
        scope: What it allows.
        made: When it was added, in seconds since 1970.
        limits: What it may use.
    """

    name: str
    scope: Scope
    made: float
    limits: TokenLimits = TokenLimits()


class TokenStore:
    """The tokens of one server.

    Args:
        file: Where they are.
    """

    def __init__(self, file: JobFile) -> None:
        self._file = file

    def add(self, name: str, scope: Scope, limits: TokenLimits | None = None) -> str:
        """Add a token, and return its secret, which is not stored.

        Args:
            name: Its name.
            scope: What it allows.
            limits: What it may use; None for what is usual for its scope.

        Raises:
            UsageError: E804 if the name is invalid, or taken.
        """
        if not _NAME.fullmatch(name):
            hint = "use at most 64 letters, digits, _, - and ."
            raise UsageError("E804", f"invalid token name {name[:80]!r}", hint=hint)
        own = limits or find_usual_limits(scope)
        secret = f"studio_{secrets.token_urlsafe(32)}"
        with self._file.transaction() as connection:
            added = connection.execute(
                "INSERT OR IGNORE INTO tokens (name, hash, scope, made, max_queued, max_priority, max_bytes) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (name, _hash(secret), str(scope), time.time(), own.most_queued, own.highest_priority, own.most_bytes),
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
            rows = connection.execute(f"SELECT {_COLUMNS} FROM tokens ORDER BY name").fetchall()
        return [_parse_token(row) for row in rows]

    def find(self, secret: str) -> Token | None:
        """Return the token of a secret, or None."""
        wanted = _hash(secret)
        with self._file.reading() as connection:
            row = connection.execute(f"SELECT {_COLUMNS}, hash FROM tokens WHERE hash = ?", (wanted,)).fetchone()
        if row is None or not hmac.compare_digest(row[-1].encode(), wanted.encode()):
            return None
        remember_secret(secret)
        return _parse_token(row)

    def find_limits(self, name: str) -> TokenLimits:
        """Return what the token of a name may use; where there is none, that is everything."""
        with self._file.reading() as connection:
            row = connection.execute(f"SELECT {_COLUMNS} FROM tokens WHERE name = ?", (name,)).fetchone()
        return TokenLimits() if row is None else _parse_token(row).limits

    def has(self, token: Token) -> bool:
        """Return whether a token is still there."""
        with self._file.reading() as connection:
            query = "SELECT 1 FROM tokens WHERE name = ? AND made = ?"
            return connection.execute(query, (token.name, token.made)).fetchone() is not None

    def has_any(self) -> bool:
        """Return whether there is a token."""
        with self._file.reading() as connection:
            return connection.execute("SELECT 1 FROM tokens LIMIT 1").fetchone() is not None


def find_usual_limits(scope: Scope) -> TokenLimits:
    """Return what a token of a scope may use, where nothing else is said."""
    return TokenLimits() if scope is Scope.ADMIN else TokenLimits(MOST_QUEUED, highest_priority=0)


def create_limits(
    scope: Scope, most_queued: int | None, highest_priority: int | None, most_bytes: int | None
) -> TokenLimits:
    """Return what a token of a scope may use; None for what is usual."""
    usual = find_usual_limits(scope)
    queued = usual.most_queued if most_queued is None else most_queued
    return TokenLimits(queued, usual.highest_priority if highest_priority is None else highest_priority, most_bytes)


_COLUMNS = "name, scope, made, max_queued, max_priority, max_bytes"


def _parse_token(row: Sequence[Any]) -> Token:
    scope = Scope(row[1])
    if row[4] is None:  # added before there were limits
        return Token(row[0], scope, row[2], find_usual_limits(scope))
    return Token(row[0], scope, row[2], TokenLimits(row[3], row[4], row[5]))


def _hash(secret: str) -> str:
    """Return what is stored of a secret; it is random, so that a fast hash is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
