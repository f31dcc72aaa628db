"""Addresses of shared caches: which mode they ask for, and which of them no library knows."""

from __future__ import annotations

import pytest

from studio.cache.storage_url import open_storage, split_mode
from studio.errors import UsageError


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("s3://bucket/prefix", ("s3://bucket/prefix", False)),
        ("s3://bucket/prefix?mode=read", ("s3://bucket/prefix", True)),
        ("s3://bucket/prefix?mode=write", ("s3://bucket/prefix", False)),
        ("/mnt/studio?mode=read", ("/mnt/studio", True)),
        ("/mnt/what?/cache", ("/mnt/what?/cache", False)),
        ("https://example.org/cache?token=a&mode=read", ("https://example.org/cache?token=a", True)),
        ("https://example.org/cache?token=a", ("https://example.org/cache?token=a", False)),
    ],
)
def test_the_mode_is_split_from_the_address(url: str, expected: tuple[str, bool]) -> None:
    assert split_mode(url) == expected


@pytest.mark.parametrize("url", ["s3://bucket?mode=readonly", "file:///cache?mode=", "/cache?mode=read&mode=x"])
def test_an_unknown_mode_is_a_mistake_of_the_caller(url: str) -> None:
    with pytest.raises(UsageError, match="E001 cache_url: unknown mode") as caught:
        split_mode(url)

    assert "?mode=read" in caught.value.hint


def test_an_address_of_a_folder_is_opened_without_contact() -> None:
    storage, root = open_storage("file:///nowhere/at/all/")

    assert (storage.protocol[0], root) == ("file", "/nowhere/at/all")


def test_errors_do_not_show_the_credentials_of_an_address() -> None:
    with pytest.raises(UsageError) as caught:
        open_storage("nosuch://ada:pa55word@bucket/x?token=pa55word")

    assert "nosuch://***@bucket/x?token=***" in str(caught.value)
    assert "pa55word" not in str(caught.value)
