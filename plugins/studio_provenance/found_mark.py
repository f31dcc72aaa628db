"""`FoundMark`: what a search for a mark found, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

from studio_provenance.keyed_phases import compute_chance, compute_threshold


@dataclass(frozen=True)
class FoundMark:
    """What a search found.

    Attributes:
        payload: The 64 bits, or None if there is no mark, or if its bits cannot be read.
        z: The strongest agreement with the key.
        places: How many places were searched.
        scale: Size of the medium, where 1 is that at which it was marked, as far as it is known.
    """

    payload: int | None
    z: float
    places: int
    scale: float = 1.0

    @property
    def threshold(self) -> float:
        """Agreement from which a mark counts as found."""
        return compute_threshold(self.places)

    @property
    def chance(self) -> float:
        """How likely a medium without this mark agrees as well, at most."""
        return compute_chance(self.z, self.places)

    @property
    def is_found(self) -> bool:
        """Whether a mark is there."""
        return self.z >= self.threshold
