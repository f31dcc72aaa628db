"""`Guard`: looks at each request before any route: where it came from, and whether its token allows it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.errors import StudioError, UsageError
from studio.server.metrics import Metrics
from studio.server.token_store import Scope as TokenScope
from studio.server.token_store import Token, TokenStore

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
TOKEN_COOKIE = "studio_token"
"""Where a browser keeps a token: scripts cannot read it, and requests of other sites do not send it."""

SECONDS_BETWEEN_CHECKS = 15.0
"""How often the tokens of running requests are looked up."""

_OPEN_PATHS = frozenset({"/", "/health/live", "/health/ready"})
_PAGE_PATH = "/page/"
_SESSION_PATH = "/api/v1/session"
_MOST_REQUESTS = 2000  # watchers of events among them
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
_PAGE_SCHEMES = {"ws": "http", "wss": "https"}
_READING = frozenset({"GET", "HEAD"})


class Guard:
    """Checks `Host`, `Origin` and the token of every request.

    Args:
        app: What answers the request.
        tokens: The tokens that there are.
        hosts: Names that `Host` may have; None for any.
        answer: Returns the answer to a request that is refused, by its path.
        metrics: Counts requests.
        needs_token: Whether a request needs a token even if there is none.
    """

    def __init__(
        self,
        app: ASGIApp,
        tokens: TokenStore,
        hosts: Iterable[str] | None,
        answer: Callable[[str, StudioError], Response],
        metrics: Metrics,
        *,
        needs_token: bool,
    ) -> None:
        self._app = app
        self._tokens = tokens
        self._hosts = None if hosts is None else frozenset(host.lower() for host in hosts)
        self._needs_token = needs_token
        self._answer = answer
        self._metrics = metrics
        self._running = 0
        self._watched: set[_Watched] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        await self._answer_request(scope, *self._count(scope, receive, send))

    def _count(self, scope: Scope, receive: Receive, send: Send) -> tuple[Receive, Send]:
        """Return how a request receives and sends, counted."""
        metrics = self._metrics

        async def receive_counted() -> Message:
            message = await receive()
            metrics.received += len(message.get("body") or message.get("text") or "")
            return message

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                method = scope["method"] if scope["method"] in _METHODS else "other"
                metrics.requests[method, str(message["status"])] += 1
            else:
                metrics.sent += len(message.get("body") or message.get("text") or "")
            await send(message)

        return receive_counted, send_counted

    async def _answer_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, method = Headers(scope=scope), scope.get("method", "GET")  # a WebSocket begins as a GET
        try:
            self._check_source(headers, _PAGE_SCHEMES.get(str(scope["scheme"]), str(scope["scheme"])))
            token = None
            is_open = _is_open(scope["path"], method)
            if not is_open:
                token = self._find_token(_find_authorization(headers))  # some microseconds: no thread is faster
                _check_scope(token, method)
                self._check_room()
                scope.setdefault("state", {})["token"] = token
        except StudioError as error:
            await self._answer(scope["path"], error)(scope, receive, send)
            return
        count = 0 if is_open else 1  # clients without a token take no room from those with one
        self._running += count
        try:
            if token is None:
                await self._app(scope, receive, send)
            else:
                await self._answer_watched(token, scope, receive, send)
        finally:
            self._running -= count

    async def _answer_watched(self, token: Token, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, until its token is removed."""
        task = asyncio.current_task()
        assert task is not None
        watched = _Watched(token, task)

        async def send_watched(message: Message) -> None:
            watched.note(message)
            await send(message)

        self._watched.add(watched)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SECONDS_BETWEEN_CHECKS, self._check_tokens)
        try:
            await self._app(scope, receive, send_watched)
        except asyncio.CancelledError:
            if not watched.is_refused:
                raise
            while task.uncancel():
                pass
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008, "reason": "unknown token"})
                return
            if not watched.has_begun:
                await self._answer(scope["path"], _refuse_token("unknown token"))(scope, receive, send)
            elif not watched.has_ended:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._watched.discard(watched)

    def _check_tokens(self) -> None:
        """End the requests of removed tokens, whose clients would get events or results otherwise."""
        self._timer = None
        for watched in self._watched:
            if not watched.has_length and not self._tokens.has(watched.token):
                watched.is_refused = True
                watched.task.cancel()
        if self._watched:
            self._timer = asyncio.get_running_loop().call_later(SECONDS_BETWEEN_CHECKS, self._check_tokens)

    def _check_room(self) -> None:
        """Refuse a request while too many run.

        Raises:
            UsageError: E817.
        """
        if self._running >= _MOST_REQUESTS:
            raise UsageError("E817", f"{self._running} requests run already", hint="send it again in a moment")

    def _check_source(self, headers: Headers, scheme: str) -> None:
        """Refuse what a page of another site sends.

        Raises:
            UsageError: E807.
        """
        host = headers.get("host", "")
        asked = _split(f"//{host}")
        if self._hosts is not None and (asked is None or asked.hostname not in self._hosts):
            hint = "use the address that `studio serve` printed, or add the name with --allow-host"
            raise UsageError("E807", f"this server is not {host[:80]!r}", hint=hint)
        origin = headers.get("origin")
        page = _split(origin) if origin is not None else None
        schemes = ("https", scheme)  # a page may be safer than its server knows, behind a proxy, and not less safe
        if origin is not None and (page is None or page.netloc.lower() != host.lower() or page.scheme not in schemes):
            message = f"requests of pages from {origin[:80]!r} are refused"
            raise UsageError("E807", message, hint="only pages of this server may use it from a browser")

    def _find_token(self, header: str) -> Token | None:
        """Return the token of a request; None if none is needed.

        Raises:
            UsageError: E805 if it is missing or unknown.
        """
        scheme, _, secret = header.partition(" ")
        if not header and not self._needs_token and not self._tokens.has_any():
            return None
        token = self._tokens.find(secret.strip()) if scheme.lower() == "bearer" else None
        if token is None and not self._needs_token and not self._tokens.has_any():
            return None  # clients that always send something
        if token is None:
            raise _refuse_token("unknown token" if header else "missing token")
        return token


@dataclass(eq=False)
class _Watched:
    """A request with a token.

    Attributes:
        token: Its token.
        task: What answers it.
        has_begun: Whether an answer has begun.
        has_length: Whether it says its length; such an answer ends anyway.
        has_ended: Whether the answer is whole.
        is_refused: Whether it is ended because its token was removed.
    """

    token: Token
    task: asyncio.Task[Any]
    has_begun: bool = False
    has_length: bool = False
    has_ended: bool = False
    is_refused: bool = False

    def note(self, message: Message) -> None:
        """Note what is sent."""
        if message["type"] == "http.response.start":
            self.has_begun = True
            self.has_length = any(name.lower() == b"content-length" for name, _ in message.get("headers", ()))
        elif message["type"] == "http.response.body":
            self.has_ended = not message.get("more_body", False)


def _refuse_token(message: str) -> UsageError:
    hint = "send Authorization: Bearer TOKEN; `studio serve token add NAME` makes one"
    return UsageError("E805", message, hint=hint)


def _is_open(path: str, method: str) -> bool:
    """Say whether a request needs no token: health, the page's own files, and giving it a token."""
    return path in _OPEN_PATHS or path.startswith(_PAGE_PATH) or (path == _SESSION_PATH and method not in _READING)


def _find_authorization(headers: Headers) -> str:
    """Return the header with the token, or what a browser's cookie stands for."""
    given = headers.get("authorization", "")
    if given or "cookie" not in headers:
        return given
    cookies = SimpleCookie()
    try:
        cookies.load(headers["cookie"])
    except CookieError:
        return ""
    return f"Bearer {cookies[TOKEN_COOKIE].value}" if TOKEN_COOKIE in cookies else ""


def _check_scope(token: Token | None, method: str) -> None:
    """Refuse what a token does not allow.

    Raises:
        UsageError: E806.
    """
    if token is not None and token.scope is TokenScope.READ and method not in _READING:
        message = f"the token {token.name!r} may only read"
        raise UsageError("E806", message, hint="use a token of scope run")


def _split(address: str) -> SplitResult | None:
    """Return the parts of an address, or None for an invalid one."""
    try:
        return urlsplit(address)
    except ValueError:
        return None
