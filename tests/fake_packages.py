"""Real wheels and tarballs, and an index of them on this machine for pip and npm, which fails as it is told."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote


def write_wheel(folder: Path, name: str, version: str, files: Mapping[str, bytes]) -> Path:
    """Write a wheel that fits every machine."""
    stem = f"{name.replace('-', '_')}-{version}"
    path = folder / f"{stem}-py3-none-any.whl"
    meta = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    kind = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    rows = {**files, f"{stem}.dist-info/METADATA": meta.encode(), f"{stem}.dist-info/WHEEL": kind.encode()}
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as wheel:
        for inner, content in rows.items():
            wheel.writestr(inner, content)
        wheel.writestr(f"{stem}.dist-info/RECORD", "".join(f"{inner},,\n" for inner in rows))
    return path


def write_tarball(folder: Path, name: str, version: str, files: Mapping[str, bytes]) -> Path:
    """Write a tarball as `npm pack` names it; names of files are taken as they are, below "package/"."""
    path = folder / f"{name.lstrip('@').replace('/', '-')}-{version}.tgz"
    meta = json.dumps({"name": name, "version": version}).encode()
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tarball:
        for inner, content in {"package.json": meta, **files}.items():
            info = tarfile.TarInfo(f"package/{inner}")
            info.size = len(content)
            tarball.addfile(info, io.BytesIO(content))
    return path


class PackageIndex:
    """Serves wheels and tarballs as the registries of pip and npm do.

    Args:
        folder: Where the packages are.

    Attributes:
        cut: Names of files that it breaks off half-way.
        asked: The paths of all requests.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cut: set[str] = set()
        self.asked: list[str] = []
        folder.mkdir(parents=True, exist_ok=True)
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.answer(self)

            def log_message(self, *_: Any) -> None:
                return None

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> PackageIndex:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def variables(self) -> dict[str, str]:
        """The variables that let pip and npm ask this index and no other."""
        pip = {"PIP_INDEX_URL": f"{self.url}/simple", "PIP_CONFIG_FILE": "/dev/null", "PIP_RETRIES": "0"}
        npm = {"npm_config_registry": f"{self.url}/npm/", "npm_config_fetch_retries": "0"}
        return {**pip, **npm, "PIP_NO_CACHE_DIR": "1", "PIP_FIND_LINKS": ""}

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer a request."""
        path = unquote(request.path)
        self.asked.append(path)
        kind, _, name = path.strip("/").partition("/")
        file = self.folder / name
        if kind == "files" and file.is_file():
            return self._send_file(request, file)
        if kind == "simple":
            start = f"{name.replace('-', '_')}-"
            links = "".join(f'<a href="/files/{p.name}">{p.name}</a>' for p in self.folder.glob(f"{start}*.whl"))
            return self._send(request, 200 if links else 404, f"<!DOCTYPE html><body>{links}".encode(), "text/html")
        if kind == "npm":
            return self._send_document(request, name)
        return self._send(request, 404, b"", "text/plain")

    def _send_document(self, request: BaseHTTPRequestHandler, name: str) -> None:
        """Answer what npm asks for first: the versions of a package, with their tarballs and digests."""
        start = f"{name.lstrip('@').replace('/', '-')}-"
        versions = {}
        for path in self.folder.glob(f"{start}*.tgz"):
            version = path.name.removeprefix(start).removesuffix(".tgz")
            digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
            dist = {"tarball": f"{self.url}/files/{path.name}", "integrity": f"sha512-{digest}"}
            versions[version] = {"name": name, "version": version, "dist": dist}
        found = {"name": name, "dist-tags": {"latest": max(versions, default="")}, "versions": versions}
        self._send(request, 200 if versions else 404, json.dumps(found).encode(), "application/json")

    def _send_file(self, request: BaseHTTPRequestHandler, path: Path) -> None:
        content = path.read_bytes()
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.send_header("Content-Type", "application/octet-stream")
        request.end_headers()
        request.wfile.write(content[: len(content) // 2] if path.name in self.cut else content)

    def _send(self, request: BaseHTTPRequestHandler, status: int, body: bytes, kind: str) -> None:
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
