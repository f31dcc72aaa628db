"""The page's own files: without a token, compressed, with a policy that lets nothing in from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

from studio.server.page_assets import PageAssets
from studio.server.token_store import Scope
from tests.studio.server.conftest import Desk

MOST_FIRST_BYTES = 60_000


def test_the_page_and_its_files_need_no_token_and_are_compressed_and_kept_by_browsers(desk: Desk) -> None:
    desk.parts.tokens.add("ada", Scope.RUN)

    page = desk.client.get("/")
    script = re.findall(r'<script type="module" src="(page/[^"]*)"', page.text)[0]
    asset = desk.client.get(f"/{script}")

    assert (page.status_code, page.headers["cache-control"], page.headers["content-encoding"]) == (
        200,
        "no-cache",
        "gzip",
    )
    assert page.headers["content-security-policy"].startswith("default-src 'self'; img-src 'self' data: blob:")
    assert "{version}" not in page.text
    assert (asset.headers["content-type"], asset.headers["content-encoding"]) == (
        "text/javascript; charset=utf-8",
        "gzip",
    )
    assert "immutable" in asset.headers["cache-control"]
    assert desk.client.get("/", headers={"if-none-match": page.headers["etag"]}).status_code == 304
    assert "content-encoding" not in desk.client.get(f"/{script}", headers={"accept-encoding": "identity"}).headers
    old = desk.client.get(f"/page/0123456789ab/{script.rpartition('/')[2]}")
    assert (old.status_code, old.headers["cache-control"]) == (200, "no-cache")
    assert desk.client.get("/api/v1/graphs").status_code == 401


def test_nothing_but_the_pages_files_is_served(desk: Desk) -> None:
    for path in ("/page/x/../routes/page.py", "/page/x/%2e%2e/server.py", "/page/x/", "/page/x/nothing.js", "/page"):
        assert desk.client.get(path).json()["code"] == "E819", path


def test_the_first_view_is_small_and_asks_no_other_host() -> None:
    assets = PageAssets()
    index = assets.find("index.html")
    assert index is not None
    names = set(re.findall(r'page/[0-9a-f]{12}/([^"]*)"', index.content.decode()))
    found = [asset for asset in map(assets.find, names) if asset is not None]

    size = sum(len(asset.compressed or asset.content) for asset in (index, *found))

    assert len(found) == len(names) > 10
    assert size < MOST_FIRST_BYTES
    folder = Path("studio/server/page")
    own = [path for path in folder.rglob("*") if path.suffix in (".js", ".css", ".html") and "vendor" not in path.parts]
    for path in own:
        addresses = re.findall(r"https?://[^'\"` )]*", path.read_text(encoding="utf-8"))
        assert {address for address in addresses if "www.w3.org" not in address} == set(), path


def test_each_file_that_comes_from_others_has_its_licence_beside_it() -> None:
    vendor = Path("studio/server/page/vendor")

    licences = {path.parent.name: path.name for path in vendor.rglob("LICENSE*")}

    assert set(licences) == {path.name for path in vendor.iterdir()}
