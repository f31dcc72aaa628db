"""`Origin`: where code comes from, as fingerprints name it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

LOADED_NS = time.time_ns()
"""When this process loaded Studio: a file that is older is as it was when the process read it."""


class Origin(Protocol):
    """Where the code of node types and value types comes from."""

    @property
    def sources(self) -> str | None:
        """Digest of the files that the code and its data are in.

        "" where the name and the version of the distribution say enough, None where nothing names the code.
        """

    @property
    def files(self) -> Mapping[str, str]:
        """Digests of these files, by name."""

    def find_changed(self) -> list[str]:
        """Return the names of those that have changed since the code was loaded."""

    def check(self) -> None:
        """Raise PluginError E211 if one of these files has changed since the code was loaded."""


@dataclass(frozen=True, eq=False)
class Provider:
    """What provides code.

    Attributes:
        distribution: The Python distribution that it comes from, or the plugin's own name.
        version: Its version.
        origin: Its files; None where the version says enough.
    """

    distribution: str
    version: str
    origin: Origin | None = None

    def __str__(self) -> str:
        """Return what enters fingerprints."""
        sources = self.origin.sources if self.origin is not None else ""
        return f"{self.distribution} {self.version} {sources}".strip()
