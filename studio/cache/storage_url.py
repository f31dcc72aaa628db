"""Addresses of shared caches: "s3://bucket/prefix", "file:///folder", a path; `?mode=read` writes nothing there."""

from __future__ import annotations

from typing import Any

from studio.errors import UsageError
from studio.redaction import hide_credentials

_READ, _WRITE = "read", "write"


def split_mode(url: str) -> tuple[str, bool]:
    """Return the address without its mode, and whether the storage is only read.

    Raises:
        UsageError: E001 if the mode is unknown.
    """
    address, mark, query = url.rpartition("?")
    options = query.split("&") if mark else []
    modes = [option.removeprefix("mode=") for option in options if option.startswith("mode=")]
    if not modes:
        return url, False
    unknown = [mode for mode in modes if mode not in (_READ, _WRITE)]
    if unknown:
        raise UsageError(
            "E001",
            f"unknown mode {unknown[0]!r} of the shared cache",
            where="cache_url",
            hint="write ?mode=read to read only, or leave it out",
        )
    rest = "&".join(option for option in options if not option.startswith("mode="))
    return f"{address}?{rest}" if rest else address, _READ in modes


def open_storage(url: str) -> tuple[Any, str]:
    """Return a file system and the prefix in it; nothing is contacted yet.

    Raises:
        UsageError: E001 if no installed library knows such addresses.
    """
    import fsspec

    options: dict[str, Any] = {"use_listings_cache": False, "skip_instance_cache": True}
    if url.startswith(("s3://", "s3a://")):
        retries = {"max_attempts": 2, "mode": "standard"}
        options["config_kwargs"] = {"connect_timeout": 5, "read_timeout": 60, "retries": retries}
    try:
        storage, root = fsspec.core.url_to_fs(url, **options)
    except (ImportError, ValueError, TypeError, OSError) as error:
        raise UsageError(
            "E001",
            f"the shared cache {hide_credentials(url)!r} cannot be used: {error}",
            where="cache_url",
            hint="write s3://bucket/prefix or file:///folder; s3:// needs: pip install 'studio[cluster]'",
        ) from None
    return storage, str(root).rstrip("/")
