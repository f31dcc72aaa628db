"""How a type of value is named, checked, digested, stored, and read from and written to files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from studio.errors import MediaError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from studio.settings import MediaLimits

V = TypeVar("V")


@dataclass(frozen=True)
class Packed:
    """A value taken apart into plain JSON and arrays: what is digested and what is stored.

    Attributes:
        header: Plain JSON by name: None, bool, int, finite float, str, lists and string-keyed mappings of them.
        arrays: C-contiguous arrays of bool, integers or floats, by name.

    Raises:
        TypeError: One of the two is not a mapping with names.
    """

    header: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, npt.NDArray[np.generic]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, part in (("header", self.header), ("arrays", self.arrays)):
            if not isinstance(part, Mapping) or not all(isinstance(key, str) for key in part):
                raise TypeError(f"{name} of Packed must be a mapping from names, not {part!r:.80}")


class ValueType(Generic[V]):
    """A type of value that travels on edges. Subclass it and return an instance from `studio_value_types`.

    `pack` and `unpack` are its codec: Studio stores the header and the arrays as one safetensors file
    (or as JSON where there are no arrays) and computes the digest from the same parts. `unpack(pack(value))`
    must equal `value`, and equal values must pack alike.
    """

    name: ClassVar[str]
    """The name that graphs use, e.g. "latent"; lower case letters, digits and underscores."""
    python: ClassVar[type]
    """The class of its values; node types use it in their signatures."""
    extensions: ClassVar[tuple[str, ...]] = ()
    """File name extensions it can be written to, without the dot, the default first."""
    reading_code: ClassVar[int] = 1
    """Revision of `read_file`. Raise it when the same file gives another value, so that it is read again."""

    def pack(self, value: V) -> Packed:
        """Take a value apart.

        Args:
            value: The value.
        """
        raise NotImplementedError(f"value type {self.name!r} has no pack()")

    def unpack(self, packed: Packed) -> V:
        """Put a value together again.

        Args:
            packed: What `pack` returned.
        """
        raise NotImplementedError(f"value type {self.name!r} has no unpack()")

    def check(self, value: V) -> None:
        """Raise MediaError for a value that is invalid although its class is right.

        Args:
            value: The value.
        """

    def describe(self, value: V) -> str:
        """Say in a few words what a value is, for errors and listings.

        Args:
            value: The value.
        """
        return repr(value)

    def byte_size(self, value: V) -> int:
        """Return the memory that a value holds, in bytes.

        Args:
            value: The value.
        """
        return sum(int(array.nbytes) for array in self.pack(value).arrays.values()) + 256

    def read_file(self, path: Path, limits: MediaLimits) -> V:
        """Read a value from a file in one of the usual formats.

        Args:
            path: The file.
            limits: Bounds, which are checked before the file is decoded.

        Raises:
            MediaError: E511 if the file is unsupported, damaged or over a limit.
        """
        raise MediaError("E511", f"values of type {self.name!r} cannot be read from files", where=str(path))

    def find_doubts(self, path: Path, limits: MediaLimits) -> Sequence[str]:
        """Return what a person should know of a file that is read; each line becomes a warning of the run.

        Args:
            path: The file.
            limits: Bounds.
        """
        return ()

    def write_file(self, value: V, path: Path, provenance: str | None) -> None:
        """Write a value to a file; its extension chooses the format.

        Args:
            value: What to write.
            path: A name that does not exist yet; the caller renames it when it is complete.
            provenance: JSON text to embed where the format can hold it: the graph that made the value.

        Raises:
            MediaError: E512 if the format or the disk cannot hold the value.
        """
        raise MediaError("E512", f"values of type {self.name!r} cannot be written to files", where=str(path))

    def write_deep_file(self, value: V, path: Path, provenance: str | None) -> str:
        """Write a value that comes from files of more than 8 bits per sample: with their depth where the format has it.

        Called in place of `write_file`, which it calls unless it is overridden.

        Args:
            value: As for `write_file`.
            path: As for `write_file`.
            provenance: As for `write_file`.

        Returns:
            What the file does not keep of the depth, in words, unless `find_loss` says it; it becomes a warning of the
            run. "" for nothing.

        Raises:
            MediaError: E512 if the format or the disk cannot hold the value.
        """
        self.write_file(value, path, provenance)
        return ""

    def find_loss(self, value: V, path: Path) -> str:
        """Return what a file cannot keep of a value, in words; it becomes a warning of the run. "" for nothing.

        Args:
            value: What is written.
            path: The file; its extension chooses the format.
        """
        return ""

    def read_provenance(self, path: Path) -> str | None:
        """Return the JSON text that `write_file` embedded, or None.

        Args:
            path: The file.
        """
        return None


class StreamType(ValueType[V]):
    """A type of values that are too large for memory: each is stored as a file, and read as a view of that file."""

    stored_extension: ClassVar[str]
    """Extension of the stored file, without the dot."""

    def encode(self, value: V, path: Path) -> None:
        """Write the value to a new file: without loss, and with equal bytes for equal values.

        Args:
            value: The value.
            path: The file.
        """
        raise NotImplementedError(f"value type {self.name!r} has no encode()")

    def decode(self, path: Path) -> V:
        """Return a value that reads from a file of `encode`.

        Args:
            path: The file, which stays in place as long as the value lives.
        """
        raise NotImplementedError(f"value type {self.name!r} has no decode()")

    def is_held(self, value: V) -> bool:
        """Return whether a value is small enough to be packed and held like those of other types.

        Args:
            value: The value.
        """
        return False

    def find_source(self, value: V) -> Path | None:
        """Return the stored file that a value is a plain view of, or None.

        Args:
            value: The value.
        """
        return None

    def find_origin(self, value: V) -> Path | None:
        """Return the user's file that a value is a plain view of, or None.

        The digest of such a value is that of the file. The value is not stored, but read again when it is needed.

        Args:
            value: The value.
        """
        return None

    def byte_size(self, value: V) -> int:
        """Return the memory that a value holds, in bytes: little, whatever its length."""
        return 4096
