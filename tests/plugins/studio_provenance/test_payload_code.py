"""64 bits with error correction: what it corrects, and that it does not make numbers up."""

from __future__ import annotations

import numpy as np
import pytest

from studio_provenance.payload_code import CODED_BITS, compute_check, decode_payload, encode_payload


@pytest.mark.parametrize("payload", [0, 1, 0x0123456789ABCDEF, 2**64 - 1])
def test_what_is_encoded_is_decoded(payload: int) -> None:
    assert decode_payload(encode_payload(payload) * 2.0 - 1) == payload


def test_the_check_is_that_of_the_standard() -> None:
    eight = int.from_bytes(b"12345678", "big")

    assert compute_check(eight) == 0xA12B  # CRC-16/IBM-3740, as the catalog of parametrised CRCs computes it


def test_thirty_wrong_bits_of_240_are_corrected() -> None:
    rng, right = np.random.default_rng(1), 0
    for _ in range(20):
        soft = encode_payload(0x0123456789ABCDEF) * 2.0 - 1
        soft[rng.choice(CODED_BITS, 30, replace=False)] *= -1
        right += decode_payload(soft) == 0x0123456789ABCDEF

    assert right >= 17  # 20 here


def test_noise_is_no_payload() -> None:
    rng = np.random.default_rng(2)

    assert [decode_payload(rng.normal(size=CODED_BITS)) for _ in range(40)] == [None] * 40
