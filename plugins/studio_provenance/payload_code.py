"""64 bits with error correction: a CRC, a tail-biting convolutional code, and its decoder for soft bits.

The code is that of 3GPP TS 25.212, 4.2.3: rate 1/3, constraint length 9, generators 557, 663 and 711 (octal). It
ends in the state in which it began (Ma and Wolf, "On tail biting convolutional codes", IEEE Trans. Communications 34,
1986), so that no bits are spent on its end. The decoder is Viterbi's, run around the circle several times (Shao et al.,
"Two decoding algorithms for tailbiting codes", IEEE Trans. Communications 51, 2003).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]

PAYLOAD_BITS = 64
CHECK_BITS = 16
INFORMATION_BITS = PAYLOAD_BITS + CHECK_BITS
_MEMORY = 8
_STATES = 1 << _MEMORY
_GENERATORS = (0o557, 0o663, 0o711)
CODED_BITS = INFORMATION_BITS * len(_GENERATORS)
_ROUNDS = 3  # around the circle; more change nothing that was measured
_CRC_POLYNOMIAL = 0x1021  # CRC-16 of ITU-T V.41


def compute_check(payload: int) -> int:
    """Return the CRC of 64 bits, most significant first."""
    register = 0xFFFF
    for position in reversed(range(PAYLOAD_BITS)):
        top = (register >> 15) ^ ((payload >> position) & 1)
        register = ((register << 1) & 0xFFFF) ^ (_CRC_POLYNOMIAL if top else 0)
    return register


def encode_payload(payload: int) -> IntArray:
    """Return the coded bits of a payload: 240 of 0 and 1.

    Args:
        payload: A whole number from 0 to 2**64 - 1.
    """
    word = (payload << CHECK_BITS) | compute_check(payload)
    bits = [(word >> position) & 1 for position in reversed(range(INFORMATION_BITS))]
    register = 0
    for bit in bits[-_MEMORY:]:  # the register begins as it ends
        register = (register >> 1) | (bit << (_MEMORY - 1))
    coded = []
    for bit in bits:
        window = (bit << _MEMORY) | register
        coded += [(window & generator).bit_count() & 1 for generator in _GENERATORS]
        register = window >> 1
    return np.array(coded, np.int64)


def decode_payload(soft: npt.NDArray[Any]) -> int | None:
    """Return the payload that coded bits carry, or None if its check fails.

    Args:
        soft: 240 numbers: above 0 for a one, below 0 for a zero, the larger the surer (log-likelihood ratios up to a
            common factor).
    """
    bits = _find_bits(np.asarray(soft, np.float64).reshape(INFORMATION_BITS, len(_GENERATORS)))
    word = int("".join(map(str, bits.tolist())), 2)
    payload, check = word >> CHECK_BITS, word & (2**CHECK_BITS - 1)
    return payload if compute_check(payload) == check else None


@cache
def _build_trellis() -> tuple[IntArray, FloatArray]:
    """Return the two states before each state, and the signs of the bits sent on the way: 256 x 2 x 3."""
    states = np.arange(_STATES)
    before = np.stack([(states << 1) & (_STATES - 1), ((states << 1) & (_STATES - 1)) | 1], axis=1)
    window = ((states >> (_MEMORY - 1)) << _MEMORY)[:, None] | before
    parity = [[[(int(w) & g).bit_count() & 1 for g in _GENERATORS] for w in pair] for pair in window]
    return before, np.array(parity, np.float64) * 2 - 1


def _find_bits(soft: FloatArray) -> IntArray:
    """Return the most likely information bits (0 or 1) for soft bits, 80 x 3."""
    before, signs = _build_trellis()
    steps = len(soft)
    metric = np.zeros(_STATES)
    chosen = np.zeros((steps * _ROUNDS, _STATES), np.int64)
    branches = np.einsum("sbg,tg->tsb", signs, soft)
    for step in range(steps * _ROUNDS):
        candidates = metric[before] + branches[step % steps]
        better = candidates[:, 1] > candidates[:, 0]
        chosen[step] = better
        metric = np.where(better, candidates[:, 1], candidates[:, 0])
    state = int(np.argmax(metric))
    bits = np.zeros(steps * _ROUNDS, np.int64)
    for step in reversed(range(steps * _ROUNDS)):
        bits[step] = state >> (_MEMORY - 1)
        state = int(before[state, chosen[step, state]])
    return bits[steps : 2 * steps]
