"""Long audio in the cache: written block by block as an AU file, and read from there."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.api.audio_blocks import BLOCK
from studio.api.media_file import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]

_HEAD = struct.Struct(">4sIIIII")  # magic, length of the header, bytes of samples, encoding, rate, channels
_WHOLE, _FLOAT = 3, 6  # encodings: 16-bit whole numbers, 32-bit floats, both with the highest byte first
_TYPES = {_WHOLE: ">i2", _FLOAT: ">f4"}
_UNKNOWN = 2**32 - 1


@dataclass(frozen=True)
class StoredAudio:
    """What a stored file holds.

    Attributes:
        create_blocks: Takes a frame, and returns an iterator over the float32 blocks from there on.
        rate: Frames per second.
        channels: Channels of every block.
        frames: Frames in the file.
    """

    create_blocks: Callable[[int], Iterator[FloatArray]]
    rate: int
    channels: int
    frames: int


def write_stored(blocks: Iterable[FloatArray], path: Path, *, rate: int, channels: int) -> None:
    """Write samples as 16-bit numbers where all of them are exactly that, as float32 otherwise.

    Equal samples give equal bytes, in blocks of any size. The first sample that needs more turns what is written so
    far into floats.
    """
    with path.open("w+b") as file:
        file.write(bytes(_HEAD.size))
        encoding = _WHOLE
        for block in blocks:
            small = find_int16(block) if encoding == _WHOLE else None
            if small is None and encoding == _WHOLE:
                _widen(file)
                encoding = _FLOAT
            file.write((block + block.dtype.type(0) if small is None else small).astype(_TYPES[encoding]).tobytes())
        length = min(file.tell() - _HEAD.size, _UNKNOWN)
        file.seek(0)
        file.write(_HEAD.pack(b".snd", _HEAD.size, length, encoding, rate, channels))


def open_stored(path: Path) -> StoredAudio:
    """Return what a file of `write_stored` holds; MediaError E511 for any other file.

    Args:
        path: The file. It must stay in place while its blocks are read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD.size)
        size = file.seek(0, 2) - _HEAD.size
    magic, start, length, encoding, rate, channels = _HEAD.unpack(head) if len(head) == _HEAD.size else (b"",) * 6
    if (
        magic != b".snd"
        or start != _HEAD.size
        or encoding not in _TYPES
        or length != min(size, _UNKNOWN)
        or not channels
    ):
        raise refuse(path, "invalid stored audio", hint="studio cache verify")
    step = channels * int(_TYPES[encoding][2])

    def create_blocks(first: int) -> Iterator[FloatArray]:
        return _read_blocks(path, encoding, channels, _HEAD.size + first * step)

    return StoredAudio(create_blocks, rate, channels, size // step)


def find_int16(samples: FloatArray) -> Any:
    """Return samples as 16-bit numbers if that is exact, else None."""
    import numpy as np

    probe = samples[:4096] * np.float32(32768.0)
    if not np.array_equal(np.rint(probe), probe):
        return None
    scaled = samples * np.float32(32768.0)
    whole = np.rint(scaled)
    if not np.array_equal(whole, scaled) or (len(whole) and (whole.min() < -32768 or whole.max() > 32767)):
        return None
    return whole.astype(np.int16)


def _read_blocks(path: Path, encoding: int, channels: int, offset: int) -> Iterator[FloatArray]:
    import numpy as np

    kind = np.dtype(_TYPES[encoding])
    step = channels * kind.itemsize
    with _open(path) as file:
        file.seek(offset)
        while data := file.read(BLOCK * step):
            if len(data) % step:
                raise refuse(path, "truncated stored audio", hint="studio cache verify")
            block = np.frombuffer(data, kind).reshape(-1, channels).astype(np.float32)
            if encoding == _WHOLE:
                block /= np.float32(32768.0)
            block.flags.writeable = False
            yield block


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise refuse(path, f"cannot open the stored audio: {reason}", hint="run it again") from None


def _widen(file: BinaryIO) -> None:
    """Turn the 16-bit numbers of a file into floats, from the end on, as they grow to twice their room."""
    import numpy as np

    end = (file.tell() - _HEAD.size) // 2
    for first in range((end - 1) // BLOCK * BLOCK, -1, -BLOCK) if end else ():
        file.seek(_HEAD.size + 2 * first)
        part = np.frombuffer(file.read(2 * min(BLOCK, end - first)), ">i2")
        file.seek(_HEAD.size + 4 * first)
        file.write((part.astype(np.float32) / np.float32(32768.0)).astype(">f4").tobytes())
    file.seek(_HEAD.size + 4 * end)
