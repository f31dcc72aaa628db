"""Blocks of audio samples: checked, cut, regrouped and gathered, with one block in memory at a time.

Part of the plugin contract: the names in `__all__`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]
    AnyArray = npt.NDArray[Any]

__all__ = ["gather_blocks", "regroup"]

MOST_CHANNELS = 1024
HIGHEST_RATE = 1_000_000
HELD_VALUES = 1 << 23
"""Samples times channels up to which audio is held in memory: 32 MiB, 87 seconds of 48 kHz stereo."""
WHOLE_VALUES = 3600 * 96_000
"""Samples times channels up to which `Audio.samples` gives the whole: an hour of 48 kHz stereo, 1.4 GB."""
BLOCK = 1 << 16
"""Default number of frames in a block."""


def exceeds_memory(values: int) -> bool:
    """Say whether audio with so many samples times channels is long, see `HELD_VALUES`."""
    return values > HELD_VALUES


def regroup(blocks: Iterable[FloatArray], size: int) -> Iterator[FloatArray]:
    """Yield the same frames in blocks of one size.

    Args:
        blocks: Arrays of frames x channels, float32, of any lengths.
        size: Frames in each block that is yielded, at least 1; the last block may be shorter.
    """
    import numpy as np

    waiting: list[FloatArray] = []
    have = 0
    for block in blocks:
        at = 0
        while len(block) - at >= size - have:
            part = block[at : at + size - have]
            at += len(part)
            yield np.concatenate([*waiting, part]) if waiting else part
            waiting, have = [], 0
        if at < len(block):
            waiting.append(block[at:])
            have += len(block) - at
    if waiting:
        yield np.concatenate(waiting)


def gather_blocks(blocks: Iterable[FloatArray], channels: int, frames: int | None = None) -> FloatArray:
    """Return all frames as one array of frames x channels, float32.

    Args:
        blocks: Arrays of frames x channels, float32, of any lengths.
        channels: Channels of every block.
        frames: Frames in all blocks together, if known: the array is then allocated once.
    """
    import numpy as np

    if frames is None:
        return np.concatenate([np.zeros((0, channels), np.float32), *blocks])
    whole, at = np.zeros((frames, channels), np.float32), 0
    for block in blocks:
        whole[at : at + len(block)] = block
        at += len(block)
    return whole


def skip_frames(blocks: Iterator[FloatArray], count: int) -> Iterator[FloatArray]:
    """Yield what comes after so many frames."""
    for block in blocks:
        if count < len(block):
            yield block[count:]
        count = max(0, count - len(block))


def limit_frames(blocks: Iterator[FloatArray], count: int | None) -> Iterator[FloatArray]:
    """Yield the first `count` frames, or all of them where it is None."""
    if count is None:
        yield from blocks
        return
    while count > 0 and (block := next(blocks, None)) is not None:
        yield block[:count]
        count -= len(block)


def check_length(blocks: Iterator[FloatArray], start: int, frames: int) -> Iterator[FloatArray]:
    """Yield blocks that begin at frame `start`; MediaError E503 unless they end at frame `frames`."""
    at = min(start, frames)
    for block in blocks:
        at += len(block)
        if at > frames:
            break
        yield block
    if at != frames:
        raise MediaError(
            "E503",
            f"audio of {frames} frames now has {'more' if at > frames else at}",
            hint="the source of long audio must not change while the audio is in use",
        )


def check_blocks(blocks: Iterable[Any], channels: int, frames: int | None) -> Iterator[FloatArray]:
    """Yield blocks as float32; MediaError E503 for another number of channels or, where it is known, of frames."""
    total = 0
    for source in blocks:
        block = convert(source)
        if block.shape[1] != channels:
            raise MediaError(
                "E503",
                f"a block has {block.shape[1]} channels, the audio has {channels}",
                hint="give all blocks the same number of channels",
            )
        total += len(block)
        if frames is not None and total > frames:
            break
        yield block
    if frames is not None and total != frames:
        raise MediaError("E503", f"declared {frames} frames, got {total}", hint="declare the number of frames exactly")


def check_rate(rate: object) -> int:
    """Return a sample rate in hertz; MediaError E503 for an invalid one."""
    import numpy as np

    if isinstance(rate, int | np.integer) and not isinstance(rate, bool) and 1 <= rate <= HIGHEST_RATE:
        return int(rate)
    raise MediaError("E503", f"invalid sample rate {rate!r}", hint=f"give whole hertz from 1 to {HIGHEST_RATE}")


def convert(source: Any) -> FloatArray:
    """Return samples of any kind as frames x channels of float32, which may share memory with them.

    Raises:
        MediaError: E503 for an invalid shape or dtype, for NaN and for infinity.
    """
    import numpy as np

    samples = np.ascontiguousarray(_scale(_take_array(source)))
    if samples.size and not (np.isfinite(samples.min()) and np.isfinite(samples.max())):
        raise MediaError("E503", "the audio contains NaN or infinity", hint="replace samples that are not finite first")
    return samples


def _take_array(source: Any) -> AnyArray:
    """Return an array or a torch tensor as a NumPy array of frames x channels, in its own dtype."""
    import numpy as np

    if any(t.__module__ == "torch" and t.__name__ == "Tensor" for t in type(source).__mro__):
        source = source.detach().cpu()
        source = (source.float() if source.is_floating_point() else source).numpy()
    try:
        array: AnyArray = np.asarray(source)
    except ValueError:
        raise MediaError("E503", "invalid audio: rows of different lengths", hint="give frames x channels") from None
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or not 1 <= array.shape[1] <= MOST_CHANNELS:
        raise MediaError(
            "E503",
            f"invalid audio shape {array.shape}",
            hint=f"audio is frames x channels, with 1 to {MOST_CHANNELS} channels",
        )
    return array


def _scale(array: AnyArray) -> FloatArray:
    """Return samples as float32; whole numbers are divided by their full range."""
    import numpy as np

    if array.dtype.kind == "f" or array.size == 0:
        with np.errstate(over="ignore"):
            return array.astype(np.float32, copy=False)
    bits = 8 * array.dtype.itemsize
    if array.dtype.kind == "i" and bits in (8, 16, 32):
        return (array / 2.0 ** (bits - 1)).astype(np.float32)
    if array.dtype == np.uint8:
        return ((array - 128.0) / 128.0).astype(np.float32)
    raise MediaError("E503", f"invalid audio dtype {array.dtype}", hint="use floats, int16, int32 or uint8")
