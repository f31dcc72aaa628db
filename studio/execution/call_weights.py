"""`CallWeights`: weights that a call makes, and the folder in which it leaves how far it got."""

from __future__ import annotations

from pathlib import Path

from studio.api import Model
from studio.execution.call import Call
from studio.execution.services import Services


class CallWeights:
    """The weights of one call.

    Args:
        services: Cache, models and checkpoints.
        call: The call.
    """

    def __init__(self, services: Services, call: Call) -> None:
        self._services = services
        self._call = call

    def keep(self, path: Path) -> Model:
        """Keep weights; return their reference.

        Raises:
            ModelError: E604 for a pickle, E605 if there are no sound weights.
            CacheError: E401 or E402 if the cache cannot be written.
        """
        kept = self._services.models.library.kept
        assert kept is not None, "models of an executor keep weights"
        return Model(f"kept:{kept.keep(path)}")

    def open_checkpoint(self) -> Path | None:
        """Return the folder in which the call may leave how far it got.

        None if another call may make the same result at the same time, for nobody has claimed it.
        """
        checkpoints, fingerprint = self._services.checkpoints, self._call.fingerprint
        if checkpoints is None or fingerprint is None or not self._call.claimed:
            return None
        return checkpoints.open(fingerprint)

    def finish(self) -> None:
        """Remove the folder once the result is on the disk; it stays where the result could not be written."""
        checkpoints, fingerprint = self._services.checkpoints, self._call.fingerprint
        if checkpoints is None or fingerprint is None:
            return
        cache = self._services.cache
        cache.flush()
        if cache.disk is not None and cache.disk.find(fingerprint) is not None:
            checkpoints.remove(fingerprint)
