"""Parts of fingerprints: the same text whether they were merged or share what other actions have too."""

from __future__ import annotations

import json

import pytest

from studio.cache.action_parts import MadeParts, SharedParts, StoredParts, write_parts

SHARED = {"format": "1", "node type": "image.b\u00fcst", "value type x": 'studio "1"'}


@pytest.mark.parametrize("shared", [{}, SHARED])
@pytest.mark.parametrize("own", [{}, {"input a": "00ff", "shown a": '"\\ \u20ac"'}])
def test_parts_are_written_as_if_they_were_one_mapping(shared: dict[str, str], own: dict[str, str]) -> None:
    parts = MadeParts(SharedParts(shared), own)

    assert write_parts(parts) == write_parts(shared | own) == json.dumps(shared | own)
    assert dict(parts) == dict(StoredParts(write_parts(parts))) == shared | own
    assert len(parts) == len(shared | own)


def test_a_part_that_is_missing_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        MadeParts(SharedParts(SHARED), {})["input a"]
