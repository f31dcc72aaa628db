"""What a key draws: a phase for each frequency of a mark, and which frequencies find it and which carry its bits.

A mark is a sum of waves. Each has a fixed frequency, and a phase that the key draws evenly from the whole circle. A
quarter of the waves is known to whoever has the key: they find the mark and its place. The others are turned by the
coded bits, two bits a wave.

A search computes z = sum(a_i cos(t_i)) / sqrt(sum(a_i**2) / 2), where a_i and t_i are the weights and the angles
between the medium and the key's waves. Whatever the medium is, the angles are independent and even for a key that has
nothing to do with it. As E[exp(s a cos t)] = I_0(s a) <= exp(s**2 a**2 / 4), Chernoff's bound gives
P(z >= x) <= exp(-x**2 / 2), for any medium and any weights that do not depend on the key. N places that are searched
together have at most N times that (the union bound). Which places are searched does not depend on the key either.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from studio_provenance.payload_code import CODED_BITS, decode_payload, encode_payload

if TYPE_CHECKING:
    import numpy.typing as npt

    ComplexArray = npt.NDArray[np.complexfloating[Any, Any]]
    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]

FALSE_POSITIVES = 1e-6  # chance that a medium without this key's mark is called marked, at most
_SEARCH_SHARE = 4  # one wave of so many finds the mark


def compute_threshold(places: int) -> float:
    """Return the z from which a mark counts as found, for a search over so many places."""
    return math.sqrt(2 * math.log(places / FALSE_POSITIVES))


def compute_chance(z: float, places: int) -> float:
    """Return how likely a medium without this mark reaches z anywhere in such a search, at most."""
    return 1.0 if z <= 0 else min(1.0, places * math.exp(-z * z / 2))


@dataclass(frozen=True)
class KeyedPhases:
    """Waves of a mark under one key.

    Attributes:
        phases: Phase of each wave, as a complex number of absolute value 1.
        search: Indices of the waves that find the mark.
        carriers: Indices of the waves that carry bits.
        bits: For each carrier the two coded bits that it carries: carriers x 2.
    """

    phases: ComplexArray
    search: IntArray
    carriers: IntArray
    bits: IntArray

    def build_waves(self, payload: int) -> ComplexArray:
        """Return all waves with the payload in them; absolute value 1."""
        waves = self.phases.copy()
        signs = encode_payload(payload)[self.bits] * 2 - 1
        waves[self.carriers] *= (signs[:, 0] + 1j * signs[:, 1]) / math.sqrt(2)
        return waves

    def read_payload(self, heard: ComplexArray, groups: IntArray) -> int | None:
        """Return the payload of waves that were heard at the right place, or None if it cannot be read.

        Args:
            heard: Each wave as it was heard; only relations of size within a group matter.
            groups: Groups of waves that suffered alike, numbered from 0: one level and one noise is measured for each
                from the waves that find the mark.
        """
        turned = heard * self.phases.conj()
        certainty = np.zeros(len(heard))
        for group in range(int(groups.max()) + 1):
            members = groups == group
            known = turned[self.search][members[self.search]]
            level = max(float(known.real.mean()), 0.0) if len(known) else 0.0
            noise = float(np.mean(np.abs(turned[members]) ** 2)) - level**2 if members.any() else 0.0
            certainty[members] = level / max(noise, 0.02 * level**2, 1e-12)
        told = (turned * certainty)[self.carriers]
        soft = np.zeros(CODED_BITS)
        np.add.at(soft, self.bits[:, 0], told.real)
        np.add.at(soft, self.bits[:, 1], told.imag)
        return decode_payload(soft) if np.abs(soft).max() > 0 else None


def whiten_groups(heard: ComplexArray, groups: IntArray) -> ComplexArray:
    """Return waves of which all groups are equally strong, and none is much stronger than its group."""
    power = np.abs(heard) ** 2
    levels = np.bincount(groups, power) / np.maximum(np.bincount(groups), 1)
    scaled = heard / np.sqrt(np.maximum(levels[groups], 1e-20))
    clipped: ComplexArray = scaled / np.maximum(np.abs(scaled) / 2, 1)
    return clipped


def draw_phases(key: bytes, purpose: str, count: int) -> KeyedPhases:
    """Return what a key draws for a mark of `count` waves.

    Args:
        key: The key, of any length.
        purpose: What the mark is for, such as "image": each has waves of its own.
        count: Number of waves.
    """
    angles = _draw(key, f"{purpose} phases", count)
    order = np.argsort(_draw(key, f"{purpose} order", count))
    search, carriers = np.sort(order[: count // _SEARCH_SHARE]), np.sort(order[count // _SEARCH_SHARE :])
    places = np.argsort(_draw(key, f"{purpose} bits", 2 * len(carriers))) % CODED_BITS
    return KeyedPhases(np.exp(2j * np.pi * angles), search, carriers, places.reshape(-1, 2))


def _draw(key: bytes, purpose: str, count: int) -> FloatArray:
    """Return evenly drawn numbers in [0, 1) of 53 bits: SHAKE-256 of the key."""
    start = hashlib.sha256(b"studio mark 1\0" + purpose.encode() + b"\0" + hashlib.sha256(key).digest()).digest()
    numbers = np.frombuffer(hashlib.shake_256(start).digest(8 * count), "<u8")
    return (numbers >> np.uint64(11)).astype(np.float64) / 2.0**53
