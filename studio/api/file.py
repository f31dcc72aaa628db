"""References to files: `File` to read, `OutputPath` to write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True, repr=False)
class File:
    """A file that a node may read. Graphs write it as a path relative to the graph's folder.

    The path was checked against the run's roots before the node sees it, and the fingerprint holds the
    file's content, not its name: the same image under another name is the same input.

    Attributes:
        path: Absolute path of an existing, regular file.
        digest: blake3 of its bytes, 64 hexadecimal digits.
        size: Its length in bytes.
        origin: What the user says of where it comes from, such as "captured"; "" for nothing. It is no part of the
            value.
    """

    studio_type: ClassVar[str] = "file"
    path: Path
    digest: str
    size: int
    origin: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.name

    def __repr__(self) -> str:
        return f"File({self.name!r}, {self.size} bytes)"


@dataclass(frozen=True)
class OutputPath:
    """A file that a node may write. Graphs write it as a path relative to the run's output folder.

    Write it with `replace_file`, so that no part of a file is visible.

    Attributes:
        path: Absolute path inside the output folder; its parent exists.
        name: The path as the graph wrote it, which is what enters the fingerprint.
        provenance: JSON text that the file is to carry where its format can hold it: the graph that makes it. None
            for nothing. It is no part of the value.
        is_deep: Whether a file from which the node's images or videos come has samples of more than 8 bits; None
            where that is unknown, as outside a run. It is no part of the value.
        measure_signature: Returns how many bytes the signature of a written file will take in it at most. None if the
            run does not sign it. It is no part of the value.
    """

    studio_type: ClassVar[str] = "path"
    path: Path
    name: str
    provenance: str | None = field(default=None, repr=False, compare=False)
    is_deep: bool | None = field(default=None, repr=False, compare=False)
    measure_signature: Callable[[Path], int] | None = field(default=None, repr=False, compare=False)
