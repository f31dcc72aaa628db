"""A hub on this machine: serves repositories as huggingface_hub asks for them, and fails as it is told."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = {".safetensors", ".gguf", ".bin"}


class FakeHub:
    """Serves one repository.

    Attributes:
        files: Its files.
        private: Whether it says that there is no such repository.
        gated: Whether it refuses who did not accept its terms.
        cut: Names of files that it breaks off half-way, each once.
        asked: The paths of all requests.
    """

    def __init__(self, repository: str, files: Mapping[str, bytes], revisions: tuple[str, ...] = ("main",)) -> None:
        self.repository = repository
        self.files = dict(files)
        self.revisions = {*revisions, COMMIT}
        self.private = False
        self.gated = False
        self.cut: set[str] = set()
        self.asked: list[str] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                hub.answer(self, True)

            def do_HEAD(self) -> None:
                hub.answer(self, False)

            def log_message(self, *_: Any) -> None:
                return None

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @classmethod
    def serve_folder(cls, repository: str, folder: Path) -> FakeHub:
        """Serve the files of a folder."""
        return cls(
            repository, {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
        )

    def __enter__(self) -> FakeHub:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler, with_body: bool) -> None:
        """Answer a request."""
        path = unquote(urlsplit(request.path).path)
        self.asked.append(f"{request.command} {path}")
        parts = path.removeprefix("/api/models/").removeprefix("/").split("/")
        if self.gated:
            return self._send(request, 403, b"{}", {"X-Error-Code": "GatedRepo"}, with_body)
        if self.private or "/".join(parts[:2]) != self.repository:
            return self._send(request, 404, b"{}", {"X-Error-Code": "RepoNotFound"}, with_body)
        kind, revision = (parts[2], parts[3]) if len(parts) > 3 else ("", "main")
        if revision not in self.revisions:
            return self._send(request, 404, b"{}", {"X-Error-Code": "RevisionNotFound"}, with_body)
        if path.startswith("/api/"):
            rows = [self._describe(name, kind == "tree") for name in sorted(self.files)]
            told: Any = rows if kind == "tree" else {"id": self.repository, "sha": COMMIT, "siblings": rows}
            return self._send(request, 200, json.dumps(told).encode(), {"Content-Type": "application/json"}, with_body)
        name = "/".join(parts[4:])
        if name not in self.files:
            return self._send(request, 404, b"", {"X-Error-Code": "EntryNotFound"}, with_body)
        return self._send_file(request, name, with_body)

    def _describe(self, name: str, tree: bool) -> dict[str, Any]:
        content = self.files[name]
        row: dict[str, Any] = {"path" if tree else "rfilename": name, "size": len(content)}
        row |= {"type": "file", "oid": find_etag(name, content)} if tree else {"blobId": find_etag("", content)}
        if Path(name).suffix in LARGE:
            sha = find_etag(name, content)
            row["lfs"] = {"oid" if tree else "sha256": sha, "size": len(content), "pointerSize": 134}
        return row

    def _send_file(self, request: BaseHTTPRequestHandler, name: str, with_body: bool) -> None:
        content = self.files[name]
        headers = {"ETag": f'"{find_etag(name, content)}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        begin = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0] or 0)
        status = 206 if begin else 200
        if begin:
            headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        if with_body and name in self.cut:
            headers["Content-Length"] = str(len(content) - begin)
            self._send(request, status, content[begin : len(content) // 2], headers, True)
            request.close_connection = True
            request.wfile.flush()
            request.connection.shutdown(2)
            return
        self._send(request, status, content[begin:], headers, with_body)

    def _send(
        self, request: BaseHTTPRequestHandler, status: int, body: bytes, headers: Mapping[str, str], with_body: bool
    ) -> None:
        request.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **headers}.items():
            request.send_header(key, value)
        request.end_headers()
        if with_body:
            request.wfile.write(body)


def find_etag(name: str, content: bytes) -> str:
    """Return what the hub calls a file by: SHA-256 of a large one, else as git names it."""
    if Path(name).suffix in LARGE:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
