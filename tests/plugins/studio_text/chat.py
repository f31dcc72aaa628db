"""A server with OpenAI's chat completions, on this machine, for tests."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def answer(body: Any) -> str:
    """Return what is answered to a body."""
    return f"answer {hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:8]}"


class ChatServer(ThreadingHTTPServer):
    """Answers each request with a line that depends on its body, or as it is told.

    Attributes:
        requests: Path, headers and body of each request.
        status: The status to answer with.
        content: The body to answer with; None for a chat completion.
        headers: Headers to add.
        reason: Why an answer ends.
        go_on: Requests wait for it.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.status, self.reason = 200, "stop"
        self.content: bytes | None = None
        self.headers: dict[str, str] = {}
        self.go_on = threading.Event()
        self.go_on.set()

    @property
    def url(self) -> str:
        """The address for the settings."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: ChatServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, dict(self.headers.items()), body))
        self.server.go_on.wait()
        said = {"message": {"role": "assistant", "content": f" {answer(body)}\n"}}
        content = self.server.content
        if content is None:
            content = json.dumps({"choices": [{**said, "finish_reason": self.server.reason}]}).encode()
        try:
            self.send_response(self.server.status)
            for name, value in {"Content-Length": str(len(content)), **self.server.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            pass  # the client is gone

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def serve_chat() -> Iterator[ChatServer]:
    """Run a server on a free port."""
    with ChatServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.go_on.set()
            server.shutdown()
            thread.join()
