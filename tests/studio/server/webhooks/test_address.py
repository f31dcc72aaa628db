"""Which addresses a webhook may have."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from studio.errors import UsageError
from studio.server.webhooks.address import WebhookGuard

REFUSED = [
    "https://127.0.0.1/", "https://127.1/", "https://0x7f000001/", "https://2130706433/", "https://0/", "https://10.1.2.3/",
    "https://192.168.0.1:8443/x", "https://169.254.169.254/latest/meta-data", "https://100.64.0.1/", "https://[::1]/",
    "https://[::ffff:127.0.0.1]/", "https://[::ffff:10.0.0.1]/", "https://[fe80::1]/", "https://[fd00::1]/", "https://[2002:7f00:1::]/",
    "https://[64:ff9b::7f00:1]/", "https://224.0.0.1/", "https://255.255.255.255/", "https://[ff02::1]/", "http://example.org/",
    "ftp://example.org/", "file:///etc/passwd", "https://", "https:///x", "https://ada:secret@example.org/",
    "https://example.org:99999/", "https://exa mple.org/", "https://example.org/\r\nx: y", "https://ex\u00e4mple.org/",
    "https://[::1", "", "https://" + "a" * 3000,
    "https://a..b/", "https://.example.org/", f"https://{'a' * 64}.org/", "https://example.org\x7f/",
    "https://[fec0::1]/", "https://[::127.0.0.1]/", "https://[::808:808]/", "https://[64:ff9b:1::808:808]/", "https://[::ffff:0:7f00:1]/",
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
def test_an_address_that_is_not_public_is_refused_before_anything_is_asked(url: str) -> None:
    with pytest.raises(UsageError) as error:
        WebhookGuard().check_url(url)

    assert (error.value.code, error.value.where) == ("E826", "/webhook/url")


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let every name have some addresses."""

    def find(host: str, port: int, **more: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", find)


def test_a_name_is_looked_up_and_all_its_addresses_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = WebhookGuard()
    guard.check_url("https://example.org/hook?x=1")
    resolve_to(monkeypatch, "93.184.215.14")
    target = guard.resolve("https://example.org/hook?x=1")

    assert (target.host, target.port, target.path) == ("example.org", 443, "/hook?x=1")
    assert target.address == "93.184.215.14"
    for addresses in (["127.0.0.1"], ["93.184.215.14", "10.0.0.1"], ["::1"], ["fe80::1%eth0"]):
        resolve_to(monkeypatch, *addresses)
        with pytest.raises(UsageError, match="private network"):
            guard.resolve("https://example.org/")


def test_the_operator_allows_names_addresses_and_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = WebhookGuard(["hooks.internal", "10.0.0.0/8"])
    resolve_to(monkeypatch, "10.0.0.7")

    assert guard.resolve("http://hooks.internal:9000/x").address == "10.0.0.7"
    assert guard.resolve("http://other.internal/").port == 80
    assert guard.resolve("https://10.0.0.7/").host == "10.0.0.7"
    resolve_to(monkeypatch, "192.168.0.1")
    assert guard.resolve("http://hooks.internal/").address == "192.168.0.1"
    with pytest.raises(UsageError):
        guard.resolve("https://other.internal/")
    resolve_to(monkeypatch, "93.184.215.14")
    with pytest.raises(UsageError, match="not https"):
        guard.resolve("http://example.org/")
