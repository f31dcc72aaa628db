"""Which addresses a webhook may have: others than those of this machine and of private networks, unless allowed."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from studio.errors import UsageError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_LONGEST_URL = 2048
_PORTS = {"https": 443, "http": 80}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NOT_PUBLIC = tuple(  # networks that Python 3.11 takes for public ones
    ipaddress.ip_network(one) for one in ("::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96", "fec0::/10")
)
_HINT = "give an https address of another host; the operator allows others with --allow-webhook"


@dataclass(frozen=True)
class Target:
    """Where a request goes: an address that was checked, and what the request says.

    Attributes:
        scheme: "https" or "http".
        host: The name in the URL, which the certificate must have.
        port: The port.
        path: Path and query.
        address: The address of the host.
    """

    scheme: str
    host: str
    port: int
    path: str
    address: str


class WebhookGuard:
    """Checks addresses.

    Args:
        allowed: Names of hosts, addresses and networks that are allowed, also without https.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._names: set[str] = set()
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        for one in allowed:
            try:
                self._networks.append(ipaddress.ip_network(one, strict=False))
            except ValueError:
                self._names.add(one.lower())

    def check_url(self, url: str) -> Target:
        """Return where a URL leads, before its name is looked up; then `address` is "".

        Raises:
            UsageError: E826 for a URL that is not allowed, whatever its name stands for.
        """
        target = _parse_url(url)
        literal = _parse_address(target.host)
        is_allowed = target.host in self._names or (literal is not None and self._is_in_network(literal))
        if target.scheme == "http" and not (is_allowed or self._networks):
            raise _refuse("the address of a webhook is not https")
        if literal is not None and not is_allowed:
            _check_public(literal)
        return target

    def resolve(self, url: str) -> Target:
        """Return where a request goes; all addresses of its host are checked, and the request goes to one of them.

        Raises:
            UsageError: E826 for an address that is not allowed.
            OSError: The name is unknown.
        """
        target = self.check_url(url)
        rows = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        found = [ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in rows]
        for one in found:
            if target.host not in self._names and not self._is_in_network(one):
                _check_public(one)
                if target.scheme == "http":
                    raise _refuse("the address of a webhook is not https")
        return Target(target.scheme, target.host, target.port, target.path, str(found[0]))

    def _is_in_network(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def _parse_url(url: str) -> Target:
    """Return where a URL leads, whether that is allowed or not.

    Raises:
        UsageError: E826 for text that is no URL of HTTP, or that has a user's name in it.
    """
    invalid = _refuse("invalid address of a webhook")
    if len(url) > _LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise invalid
    try:
        found = urlsplit(url)
        host, port = found.hostname, found.port
        (host or "").encode("idna")  # no name has an empty label, or one of more than 63 letters
    except ValueError:
        raise invalid from None
    if found.scheme not in _PORTS or not host or found.username is not None:
        raise invalid
    path = (found.path or "/") + (f"?{found.query}" if found.query else "")
    return Target(found.scheme, host, port or _PORTS[found.scheme], path, "")


def _parse_address(host: str) -> Address | None:
    """Return the address that a host is, however it is written, or None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.ip_address(socket.inet_aton(host))  # 127.1, 0x7f000001
    except (OSError, ValueError):
        return None


def _check_public(address: Address) -> None:
    """Refuse an address that is not one of the internet.

    Raises:
        UsageError: E826.
    """
    inner: Address | None = None
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    reached = inner or address
    is_public = reached.is_global and not any(address in network for network in _NOT_PUBLIC)
    if not is_public or reached.is_multicast:
        raise _refuse("the address of a webhook is of a private network")


def _refuse(message: str) -> UsageError:
    return UsageError("E826", message, where="/webhook/url", hint=_HINT)
