"""Palettes: some colors, and the files that hold them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from studio.api import MediaError, MediaLimits, Packed, ValueType


class Palette:
    """Some colors: N x 3, float32 in [0, 1]."""

    studio_type: ClassVar[str] = "palette"

    def __init__(self, colors: Any) -> None:
        self.colors: npt.NDArray[np.float32] = np.array(colors, np.float32).reshape(-1, 3)
        self.colors.flags.writeable = False


class PaletteType(ValueType[Palette]):
    """How palettes are stored, and written as .palette.json and .gpl."""

    name = "palette"
    python = Palette
    extensions = ("pal", "gpl")

    def pack(self, value: Palette) -> Packed:
        """Take a palette apart."""
        return Packed(arrays={"colors": value.colors})

    def unpack(self, packed: Packed) -> Palette:
        """Put a palette together again."""
        return Palette(packed.arrays["colors"])

    def check(self, value: Palette) -> None:
        """Refuse an empty palette."""
        if not len(value.colors):
            raise MediaError("PAL1", "a palette without colors", hint="give at least one")

    def describe(self, value: Palette) -> str:
        """Say how many colors there are."""
        return f"palette of {len(value.colors)} colors"

    def find_loss(self, value: Palette, path: Path) -> str:
        """Say what GIMP palettes lose."""
        return "colors are rounded to 8 bits" if path.suffix == ".gpl" else ""

    def write_file(self, value: Palette, path: Path, provenance: str | None) -> None:
        """Write a palette."""
        if path.suffix == ".gpl":
            rows = [" ".join(str(round(float(c) * 255)) for c in row) for row in value.colors]
            path.write_text("\n".join(["GIMP Palette", *rows]) + "\n", "utf-8")
        else:
            document = {"colors": value.colors.tolist(), "provenance": provenance}
            path.write_text(json.dumps(document), "utf-8")

    def read_file(self, path: Path, limits: MediaLimits) -> Palette:
        """Read a palette."""
        try:
            text = path.read_text("utf-8")
            if path.suffix == ".gpl":
                head, *rows = text.splitlines()
                if head != "GIMP Palette":
                    raise ValueError("no GIMP palette")
                return Palette([[int(part) / 255 for part in row.split()[:3]] for row in rows])
            return Palette(json.loads(text)["colors"])
        except (ValueError, KeyError, TypeError) as error:
            raise MediaError("E511", f"not a palette: {error}", where=str(path)) from None

    def read_provenance(self, path: Path) -> str | None:
        """Return the graph that a file carries."""
        if path.suffix == ".gpl":
            return None
        found = json.loads(path.read_text("utf-8")).get("provenance")
        return found if isinstance(found, str) else None
