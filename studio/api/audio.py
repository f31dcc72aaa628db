"""Sound: `Audio`, frozen, samples x channels of float32 with their rate; long ones are streams of blocks."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, ClassVar

from studio.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]
    AnyArray = npt.NDArray[Any]

MOST_CHANNELS = 1024
HIGHEST_RATE = 1_000_000
HELD_VALUES = 1 << 23
"""Samples times channels up to which a sound is held in memory: 32 MiB, 87 seconds of 48 kHz stereo."""
WHOLE_VALUES = 3600 * 96_000
"""Samples times channels up to which `samples` gives a sound whole: an hour of 48 kHz stereo, 1.4 GB."""
BLOCK = 1 << 16
"""Frames of a block where nobody asks for another size."""


class Audio:
    """A sound: samples x channels, float32, with its rate in hertz.

    Samples nominally lie in [-1, 1]; louder ones are allowed (they are clipped when written as whole numbers), NaN
    and infinity are not. Zero samples are a sound, zero channels are not. It may come from a NumPy array, a torch
    tensor or nested lists: samples x channels, or one axis for mono, of floats or of whole numbers, which are scaled
    by their full range (int16 by 1/32768, int32 by 1/2147483648, uint8 is centred on 128).

    A long sound is a stream that can be read again and is never held whole: `from_blocks` makes one, and what leaves
    a node is kept in a file and read from there. Use `frames`, `channels` and `blocks` rather than `samples` where
    the whole sound is not needed at once: that is what stays in constant memory.

    Raises:
        MediaError: E503 for a shape, a type or a rate that is no sound, or for NaN or infinity.
    """

    studio_type: ClassVar[str] = "audio"
    __slots__ = ("__weakref__", "_blocks", "_channels", "_frames", "_rate", "_samples", "_source", "_whole")
    _blocks: Callable[[int], Iterator[FloatArray]] | None
    _channels: int
    _frames: int | None
    _rate: int
    _samples: FloatArray | None
    _source: Path | None
    _whole: weakref.ref[FloatArray] | None

    def __init__(self, samples: Any, rate: int) -> None:
        array = _convert(samples)
        self._fill(check_rate(rate), array.shape[1], array.shape[0], array, None, None)

    @classmethod
    def from_blocks(
        cls, blocks: Callable[[], Iterable[Any]], *, rate: int, channels: int, frames: int | None = None
    ) -> Audio:
        """Return a sound that is made block by block whenever it is read.

        A short one (see `HELD_VALUES`) is run through at once and held. What the blocks are made from must stay as it
        is: the sound is made again for each reading.

        Args:
            blocks: Returns a fresh iterator over the same blocks whenever it is called: frames x channels of any
                lengths, of the types that `Audio` takes.
            rate: Samples per second.
            channels: Of every block.
            frames: Of all blocks together. Without it the sound counts as long, and is run through when its length is
                first asked for.

        Raises:
            MediaError: E503 as for `Audio`; also while it is read, and for more or fewer frames than were promised.
        """
        if not 1 <= channels <= MOST_CHANNELS:
            raise MediaError("E503", f"a sound of {channels} channels is none", hint=f"have 1 to {MOST_CHANNELS}")

        def create_blocks(start: int) -> Iterator[FloatArray]:
            return skip_frames(_check_blocks(blocks(), channels, frames), start)

        if frames is not None and not exceeds_memory(frames * channels):
            return cls(gather_blocks(create_blocks(0), channels), rate)
        return cls.from_reader(create_blocks, rate=rate, channels=channels, frames=frames)

    @classmethod
    def from_reader(
        cls,
        blocks: Callable[[int], Iterator[FloatArray]],
        *,
        rate: int,
        channels: int,
        frames: int | None,
        source: Path | None = None,
    ) -> Audio:
        """Return a sound of checked blocks that can begin at any frame; for codecs only.

        Args:
            blocks: Takes a frame, and returns an iterator over the float32 blocks from there on.
            rate: Samples per second.
            channels: Of every block.
            frames: Of all blocks together, if known.
            source: The stored file of which this is a plain view.
        """
        audio = cls.__new__(cls)
        audio._fill(check_rate(rate), channels, frames, None, blocks, source)
        return audio

    def _fill(self, rate: int, channels: int, frames: int | None, samples: Any, blocks: Any, source: Any) -> None:
        values = {"rate": rate, "channels": int(channels), "frames": frames, "samples": samples, "blocks": blocks}
        for name, value in {**values, "source": source, "whole": None}.items():
            object.__setattr__(self, f"_{name}", value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("Audio is frozen")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("Audio is frozen")

    def __getstate__(self) -> None:
        raise TypeError("Audio is not pickled; use the codec of its value type")

    @property
    def samples(self) -> FloatArray:
        """All samples: frames x channels, float32, read-only. A stream is read whole; nothing keeps the result.

        Raises:
            MediaError: E503 for more than an hour of 48 kHz stereo (`WHOLE_VALUES`).
        """
        whole = self._samples if self._whole is None else self._whole()
        if whole is None:
            if self.frames * self.channels > WHOLE_VALUES:
                raise MediaError(
                    "E503",
                    f"a sound of {self.duration:.0f} seconds, {self.channels} channels and {self.rate} hertz is too "
                    f"long to be held whole, which goes up to {WHOLE_VALUES / 96_000:g} seconds of 48 kHz stereo",
                    hint="cut it with audio.trim, or lower its rate with audio.resample",
                )
            whole = gather_blocks(self._iterate(0), self.channels, self.frames)
            whole.flags.writeable = False
            object.__setattr__(self, "_whole", weakref.ref(whole))
        return whole

    @property
    def rate(self) -> int:
        """Frames per second, in hertz."""
        return self._rate

    @property
    def channels(self) -> int:
        """Channels, at least 1."""
        return self._channels

    @property
    def frames(self) -> int:
        """Samples per channel; a stream that does not know is run through once."""
        if self._frames is None:
            object.__setattr__(self, "_frames", sum(len(block) for block in self._iterate(0)))
        return self._frames  # type: ignore[return-value]  # it was just counted

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate

    @property
    def byte_size(self) -> int:
        """Memory that the sound holds, in bytes."""
        return 0 if self._samples is None else int(self._samples.nbytes)

    @property
    def is_long(self) -> bool:
        """Whether the sound has more samples than are held in memory, or does not know how many it has."""
        return self._frames is None or exceeds_memory(self._frames * self._channels)

    @property
    def has_length(self) -> bool:
        """Whether `frames` is known without running through the sound."""
        return self._frames is not None

    @property
    def source(self) -> Path | None:
        """The stored file of which this is a plain view, or None."""
        return self._source

    def blocks(self, size: int = BLOCK, start: int = 0, stop: int | None = None) -> Iterator[FloatArray]:
        """Yield the samples in order, `size` frames at a time; the last block may be shorter.

        Args:
            size: Frames of a block, however the sound is stored.
            start: The first frame.
            stop: The frame before which to end; without it, or beyond the end, all are read.
        """
        if size < 1:
            raise MediaError("E503", f"a block of {size} frames is empty", hint="ask for at least one frame")
        if self._samples is None:
            yield from regroup(_limit_frames(self._iterate(start), None if stop is None else stop - start), size)
            return
        end = len(self._samples) if stop is None else min(stop, len(self._samples))
        for first in range(start, end, size):
            yield self._samples[first : min(first + size, end)]

    def keep(self, folder: Path) -> Audio:
        """Return an equal sound that costs no more than reading, however often: a long one goes into a new file.

        The file stays; a node names `ctx.scratch`, which is removed after the call.
        """
        if self._samples is not None or self._source is not None:
            return self
        import secrets

        from studio.api.audio_stored import open_stored, write_stored

        path = folder / f"{secrets.token_hex(8)}.au"
        write_stored(self, path)
        return open_stored(path, plain=False)

    def _iterate(self, start: int) -> Iterator[FloatArray]:
        if self._blocks is not None:
            blocks = self._blocks(start)
            return blocks if self._frames is None else _hold_length(blocks, start, self._frames)
        assert self._samples is not None
        return iter([self._samples[start:]])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Audio):
            return NotImplemented
        import numpy as np

        if self.rate != other.rate or self.channels != other.channels or self.frames != other.frames:
            return False
        return all(np.array_equal(a, b) for a, b in zip(self.blocks(), other.blocks(), strict=True))

    __hash__ = None  # type: ignore[assignment]  # equality looks at every sample; use the digest as a key

    def __repr__(self) -> str:
        length = "long" if self._frames is None else f"{self.duration:g} s"
        return f"Audio({length}, {self.channels} ch, {self.rate} Hz)"


def exceeds_memory(values: int) -> bool:
    """Say whether a sound of so many samples times channels is long, see `HELD_VALUES`."""
    return values > HELD_VALUES


def regroup(blocks: Iterable[FloatArray], size: int) -> Iterator[FloatArray]:
    """Yield the same frames in blocks of one size; the last may be shorter."""
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
    """Return all frames as one array."""
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


def _hold_length(blocks: Iterator[FloatArray], start: int, frames: int) -> Iterator[FloatArray]:
    """Yield blocks from a frame on; MediaError E503 if they end elsewhere than where the sound was known to end."""
    at = min(start, frames)
    for block in blocks:
        at += len(block)
        if at > frames:
            break
        yield block
    if at != frames:
        raise MediaError(
            "E503",
            f"a sound of {frames} frames now has {'more' if at > frames else at}",
            hint="what a long sound is made from must stay as it is while the sound is in use",
        )


def _limit_frames(blocks: Iterator[FloatArray], count: int | None) -> Iterator[FloatArray]:
    if count is None:
        yield from blocks
        return
    while count > 0 and (block := next(blocks, None)) is not None:
        yield block[:count]
        count -= len(block)


def _check_blocks(blocks: Iterable[Any], channels: int, frames: int | None) -> Iterator[FloatArray]:
    total = 0
    for source in blocks:
        block = convert(source)
        if block.shape[1] != channels:
            raise MediaError(
                "E503", f"a block has {block.shape[1]} channels, the sound {channels}", hint="give all blocks the same"
            )
        total += len(block)
        if frames is not None and total > frames:
            break
        yield block
    if frames is not None and total != frames:
        raise MediaError("E503", f"{frames} frames were promised, and {total} came", hint="tell the length as it is")


def check_rate(rate: object) -> int:
    """Return a sample rate; MediaError E503 for what is none."""
    import numpy as np

    if isinstance(rate, int | np.integer) and not isinstance(rate, bool) and 1 <= rate <= HIGHEST_RATE:
        return int(rate)
    raise MediaError("E503", f"a rate of {rate!r} is no sample rate", hint=f"give whole hertz from 1 to {HIGHEST_RATE}")


def convert(source: Any) -> FloatArray:
    """Return samples of any kind as frames x channels of float32, which may share memory with them.

    Raises:
        MediaError: E503 for a shape or a type that is no sound, for NaN and infinity.
    """
    import numpy as np

    if any(t.__module__ == "torch" and t.__name__ == "Tensor" for t in type(source).__mro__):
        source = source.detach().cpu()
        source = (source.float() if source.is_floating_point() else source).numpy()
    try:
        array: AnyArray = np.asarray(source)
    except ValueError:
        raise MediaError("E503", "rows of different lengths are no sound", hint="give frames x channels") from None
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or not 1 <= array.shape[1] <= MOST_CHANNELS:
        raise MediaError(
            "E503",
            f"an array of shape {array.shape} is no sound",
            hint=f"a sound is frames x channels, with 1 to {MOST_CHANNELS} channels",
        )
    samples = np.ascontiguousarray(_scale(array))
    if samples.size and not (np.isfinite(samples.min()) and np.isfinite(samples.max())):
        raise MediaError("E503", "the sound holds NaN or infinity", hint="replace what is not finite before")
    return samples


def _convert(source: Any) -> FloatArray:
    """Return samples that are the sound's own and read-only."""
    import numpy as np

    samples = convert(source)
    owned = isinstance(source, np.ndarray) and np.may_share_memory(samples, source)
    samples = samples.copy() if owned or not samples.flags.owndata else samples
    samples.flags.writeable = False
    return samples


def _scale(array: AnyArray) -> FloatArray:
    import numpy as np

    if array.dtype.kind == "f" or array.size == 0:
        with np.errstate(over="ignore"):
            return array.astype(np.float32, copy=False)
    bits = 8 * array.dtype.itemsize
    if array.dtype.kind == "i" and bits in (8, 16, 32):
        return (array / 2.0 ** (bits - 1)).astype(np.float32)
    if array.dtype == np.uint8:
        return ((array - 128.0) / 128.0).astype(np.float32)
    raise MediaError("E503", f"samples of dtype {array.dtype} are no sound", hint="use floats, int16, int32 or uint8")
