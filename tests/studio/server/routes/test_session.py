"""A browser gives its token once; a cookie that scripts cannot read stands for it then."""

from __future__ import annotations

from studio.server.token_store import Scope
from tests.studio.server.conftest import Desk


def test_a_browser_gives_its_token_once_and_may_forget_it(desk: Desk) -> None:
    secret = desk.parts.tokens.add("ada", Scope.READ)
    client = desk.client
    assert client.get("/api/v1/session").status_code == 401
    assert client.post("/api/v1/session", json={"token": "wrong"}).json()["code"] == "E805"
    assert client.post("/api/v1/session", json={}).json()["code"] == "E809"

    given = client.post("/api/v1/session", json={"token": f" {secret}\n"})

    cookie = given.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=strict", "path=/", "max-age="))
    assert given.json() == {"name": "ada", "scope": "read", "draining": False}
    assert client.get("/api/v1/session").json()["name"] == "ada"
    assert client.get("/api/v1/jobs").status_code == 200
    assert client.post("/api/v1/jobs", json={"graph": "x"}).json()["code"] == "E806"
    assert client.post("/api/v1/session", json={}, headers={"origin": "http://evil.example"}).status_code == 403
    assert client.delete("/api/v1/session").status_code == 204
    assert client.get("/api/v1/jobs").status_code == 401


def test_a_broken_cookie_is_no_token(desk: Desk) -> None:
    desk.parts.tokens.add("ada", Scope.RUN)

    for cookie in ("studio_token", "studio_token=; a=\x7f", "=;;=", 'studio_token="\\x', "[]={}"):
        assert desk.client.get("/api/v1/jobs", headers={"cookie": cookie}).status_code == 401, cookie
