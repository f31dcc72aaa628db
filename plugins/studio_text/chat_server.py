"""A question to an OpenAI-compatible server: one request to one address, without proxies and redirects.

Ollama, llama.cpp, LM Studio and vLLM answer `POST /v1/chat/completions` in the form of OpenAI's API.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from studio.api import StudioError
from studio_text.settings import TextSettings

MOST_BYTES = 16 * 2**20
"""Of an answer."""
_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Address:
    """Where a server listens.

    Attributes:
        secure: Whether it speaks TLS.
        host: Its name or IP address.
        port: Its port.
        path: The path of chat completions.
    """

    secure: bool
    host: str
    port: int
    path: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}"


def parse_address(settings: TextSettings) -> Address:
    """Return the address of the server in the settings.

    Raises:
        StudioError: E673 for an invalid address, or one that is not allowed.
    """
    text = settings.server
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _refuse(f"invalid address of a server {text[:80]!r}: {error}") from error
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or parts.username:
        raise _refuse(f"invalid address of a server {text[:80]!r}")
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise _refuse(f"invalid address of a server {text[:80]!r}")
    secure = parts.scheme == "https"
    if not _is_loopback(host):
        if not settings.allow_remote:
            message = f"the server {host[:80]!r} is another machine, which is not allowed"
            raise _refuse(message, "set allow_remote = true below [plugins.text] in config.toml to send prompts there")
        if settings.server_key is not None and not secure:
            raise _refuse(f"the key would be sent to {host[:80]!r} unencrypted", "use an address with https://")
    return Address(secure, host, port or (443 if secure else 80), parts.path.rstrip("/") + "/chat/completions")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refuse(message: str, hint: str = 'write server = "http://127.0.0.1:11434/v1" below [plugins.text]') -> StudioError:
    return StudioError("E673", message, hint=hint)


@dataclass(frozen=True)
class Answer:
    """What a server said.

    Attributes:
        text: The text, without spaces around it.
        cut: Whether it ended at the limit of tokens.
    """

    text: str
    cut: bool


def ask(settings: TextSettings, body: Mapping[str, Any], step: Callable[[], None]) -> Answer:
    """Send a request, and return the answer.

    Args:
        settings: Where to, with which key and patience.
        body: The request, as JSON.
        step: Called several times a second; what it raises ends the request.

    Raises:
        StudioError: E673 for the address, E674 if the server cannot be reached, takes too long or refuses, E675 for an
            answer in another form.
    """
    address = parse_address(settings)
    content = json.dumps(body, ensure_ascii=True).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/json", "Connection": "close"}
    if settings.server_key is not None:
        headers["Authorization"] = f"Bearer {settings.server_key.reveal()}"
    exchange = _Exchange(address, content, headers, settings.timeout_seconds)
    status, received = exchange.run(step)
    if status != 200:
        raise _explain_status(address, status, received, body)
    return _read_answer(address, received)


class _Exchange:
    """One request in a thread of its own, so that it can be cancelled while the server thinks."""

    def __init__(self, address: Address, content: bytes, headers: Mapping[str, str], seconds: float) -> None:
        self.address, self.content, self.headers, self.seconds = address, content, headers, seconds
        self.connection: http.client.HTTPConnection | None = None
        self.result: tuple[int, bytes] | None = None
        self.error: Exception | None = None
        self.ended, self.left = threading.Event(), threading.Event()

    def run(self, step: Callable[[], None]) -> tuple[int, bytes]:
        """Return status and body of the answer."""
        latest = time.monotonic() + self.seconds
        thread = threading.Thread(target=self._exchange, name="studio-text-server", daemon=True)
        thread.start()
        try:
            while not self.ended.wait(_POLL_SECONDS):
                step()
                if time.monotonic() > latest:
                    raise self._explain(TimeoutError())
        finally:
            self._close()
        thread.join()
        if self.error is not None:
            raise self._explain(self.error) from self.error
        assert self.result is not None
        return self.result

    def _exchange(self) -> None:
        try:
            self.result = self._send()
        except Exception as error:  # reported by the thread that waits
            self.error = error
        finally:
            self.ended.set()

    def _send(self) -> tuple[int, bytes]:
        address = self.address
        connection: http.client.HTTPConnection
        if address.secure:
            context = ssl.create_default_context()
            connection = http.client.HTTPSConnection(address.host, address.port, timeout=self.seconds, context=context)
        else:
            connection = http.client.HTTPConnection(address.host, address.port, timeout=self.seconds)
        self.connection = connection
        try:
            connection.connect()
            if self.left.is_set():
                raise ConnectionAbortedError("the run is cancelled")
            connection.request("POST", address.path, self.content, dict(self.headers))
            answer = connection.getresponse()
            received = answer.read(MOST_BYTES + 1)
            if len(received) > MOST_BYTES:
                raise StudioError("E675", f"the server {address} sent over {MOST_BYTES} bytes", hint="see its log")
            return answer.status, received
        finally:
            connection.close()

    def _close(self) -> None:
        self.left.set()
        sock = None if self.connection is None else self.connection.sock
        if sock is not None and not self.ended.is_set():
            with contextlib.suppress(OSError):  # it is closed already
                sock.shutdown(socket.SHUT_RDWR)

    def _explain(self, error: Exception) -> StudioError:
        if isinstance(error, StudioError):
            return error
        if isinstance(error, TimeoutError):
            message = f"the server {self.address} gave no answer within {self.seconds:g} s"
            return _fail(message, "ask for fewer tokens, or raise timeout_seconds below [plugins.text]")
        reason = str(error)[:200] or type(error).__name__
        if isinstance(error, ssl.SSLError):
            return _fail(f"the server {self.address} has no certificate that is trusted: {reason}", "check the address")
        hint = 'start it, such as `ollama serve`; its address is "server" below [plugins.text] in config.toml'
        return _fail(f"the server {self.address} cannot be reached: {reason}", hint)


def _fail(message: str, hint: str) -> StudioError:
    return StudioError("E674", message, hint=hint)


def _explain_status(address: Address, status: int, received: bytes, body: Mapping[str, Any]) -> StudioError:
    """Return the error for an answer that is none."""
    said = _find_message(received)
    message = f"the server {address} refused with status {status}" + (f": {said}" if said else "")
    if status in (401, 403):
        return _fail(message, "set STUDIO_PLUGINS_TEXT_SERVER_KEY to a key that it knows")
    if status == 404:
        return _fail(message, f"check the address, and that the server has the model {str(body.get('model'))[:60]!r}")
    if 300 <= status < 400:
        return _fail(f"{message}: redirects are not followed", "write the address that it redirects to")
    return _fail(message, "see the log of the server")


def _find_message(received: bytes) -> str:
    """Return what an error's body says, in one short line."""
    try:
        found: Any = json.loads(received)
    except (ValueError, RecursionError):
        found = received[:300].decode("utf-8", "replace")
    for name in ("error", "message", "detail"):
        if isinstance(found, dict) and name in found:
            found = found[name]
    return " ".join(str(found).split())[:200] if isinstance(found, str | int) else ""


def _read_answer(address: Address, received: bytes) -> Answer:
    try:
        choice = json.loads(received)["choices"][0]
        content = choice["message"]["content"]
    except (ValueError, RecursionError, LookupError, TypeError):
        choice, content = {}, None
    if not isinstance(content, str):
        message = f"the answer of {address} is not a chat completion: {received[:80].decode('utf-8', 'replace')!r}"
        raise StudioError("E675", message, hint="check that the server is compatible with OpenAI's API")
    content = content.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # half a pair is no character
    return Answer(content.strip(), choice.get("finish_reason") == "length")
