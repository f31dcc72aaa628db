"""`Audio`: frozen, frames x channels of float32 with their rate; long audio is a stream of blocks."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, ClassVar

from studio.api.audio_blocks import (
    BLOCK,
    MOST_CHANNELS,
    WHOLE_VALUES,
    check_blocks,
    check_length,
    check_rate,
    convert,
    exceeds_memory,
    gather_blocks,
    limit_frames,
    regroup,
    skip_frames,
)
from studio.api.audio_stored import open_stored, write_stored
from studio.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]


class Audio:
    """Audio: frames x channels of float32 samples, with their rate in hertz.

    Samples nominally lie in [-1, 1]. Louder ones are allowed and are clipped when they are written as whole numbers;
    NaN and infinity are not allowed. Audio may have no frames, but has at least one channel. The source is a NumPy
    array, a torch tensor or nested lists: frames x channels, or one axis for mono, of floats or of whole numbers,
    which are scaled by their full range (int16 by 1/32768, int32 by 1/2147483648; uint8 is centred on 128).

    Long audio is a stream that can be read again and is never held whole. `from_blocks` makes one; what leaves a node
    is kept in a file and read from there. Use `frames`, `channels` and `blocks` rather than `samples` where the whole
    is not needed at once: that takes constant memory.

    Args:
        samples: The samples.
        rate: Frames per second, whole hertz from 1 to 1,000,000.

    Raises:
        MediaError: E503 for an invalid shape, dtype or rate, and for NaN or infinity.

    Example:
        import numpy as np
        from studio.api import Audio

        rate = 48_000
        time = np.arange(rate) / rate
        tone = Audio(0.5 * np.sin(2 * np.pi * 440 * time), rate)  # one axis: mono

        stereo = Audio(np.repeat(tone.samples, 2, axis=1), tone.rate)
        loudest = max(float(np.abs(block).max()) for block in stereo.blocks())  # constant memory, also for hours

        assert (stereo.frames, stereo.channels, stereo.duration) == (48_000, 2, 1.0)
        assert round(loudest, 3) == 0.5

        long = Audio.from_blocks(lambda: (np.zeros((rate, 1), np.float32) for _ in range(3600)), rate=rate, channels=1)
        assert long.is_long
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
        array = _copy_samples(samples)
        self._fill(check_rate(rate), array.shape[1], array.shape[0], array, None, None)

    @classmethod
    def from_blocks(
        cls, blocks: Callable[[], Iterable[Any]], *, rate: int, channels: int, frames: int | None = None
    ) -> Audio:
        """Return audio that is made block by block whenever it is read.

        Short audio (at most 2**23 samples times channels) is read at once and held. The source of the blocks must not
        change: long audio is made again for each reading.

        Args:
            blocks: Returns a fresh iterator over the same blocks whenever it is called: frames x channels of any
                lengths, of the types that `Audio` takes.
            rate: Samples per second.
            channels: Channels of every block, 1 to 1024.
            frames: Frames in all blocks together. Without it the audio counts as long, and is read once when its
                length is first asked for.

        Raises:
            MediaError: E503 as for `Audio`; also while it is read, and for more or fewer frames than declared.
        """
        if not 1 <= channels <= MOST_CHANNELS:
            raise MediaError(
                "E503",
                f"invalid channel count {channels} (expected 1 to {MOST_CHANNELS})",
                hint="give the number of channels of every block",
            )

        def create_blocks(start: int) -> Iterator[FloatArray]:
            return skip_frames(check_blocks(blocks(), channels, frames), start)

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
        """Return audio of checked blocks that can begin at any frame; for codecs only.

        Args:
            blocks: Takes a frame, and returns an iterator over the float32 blocks from there on.
            rate: Frames per second.
            channels: Channels of every block.
            frames: Frames in all blocks together, if known.
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
        """All samples: frames x channels, float32, read-only. A stream is read whole, and the result is not kept.

        Raises:
            MediaError: E503 for more than an hour of 48 kHz stereo (`WHOLE_VALUES`).
        """
        whole = self._samples if self._whole is None else self._whole()
        if whole is None:
            if self.frames * self.channels > WHOLE_VALUES:
                raise MediaError(
                    "E503",
                    f"audio of {self.duration:.0f} seconds, {self.channels} channels and {self.rate} hertz is too long "
                    f"to be held whole (limit: {WHOLE_VALUES / 96_000:g} seconds of 48 kHz stereo)",
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
        """Samples per channel; a stream of unknown length is read once."""
        if self._frames is None:
            object.__setattr__(self, "_frames", sum(len(block) for block in self._iterate(0)))
        return self._frames  # type: ignore[return-value]  # it was just counted

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate

    @property
    def byte_size(self) -> int:
        """Memory that the audio holds, in bytes."""
        return 0 if self._samples is None else int(self._samples.nbytes)

    @property
    def is_long(self) -> bool:
        """Whether the audio has more samples than are held in memory, or an unknown number of them."""
        return self._frames is None or exceeds_memory(self._frames * self._channels)

    @property
    def has_length(self) -> bool:
        """Whether `frames` is known without reading the audio."""
        return self._frames is not None

    @property
    def source(self) -> Path | None:
        """The stored file of which this is a plain view, or None."""
        return self._source

    def blocks(self, size: int = BLOCK, start: int = 0, stop: int | None = None) -> Iterator[FloatArray]:
        """Yield the samples in order, `size` frames at a time; the last block may be shorter.

        Args:
            size: Frames in a block, however the audio is stored.
            start: The first frame.
            stop: The frame before which to end; without it, or beyond the end, all are read.

        Raises:
            MediaError: E503 for a size below 1.
        """
        if size < 1:
            raise MediaError("E503", f"invalid block size {size}", hint="ask for at least one frame")
        if self._samples is None:
            yield from regroup(limit_frames(self._iterate(start), None if stop is None else stop - start), size)
            return
        end = len(self._samples) if stop is None else min(stop, len(self._samples))
        for first in range(start, end, size):
            yield self._samples[first : min(first + size, end)]

    def keep(self, folder: Path) -> Audio:
        """Return equal audio that costs no more than reading, however often: long audio goes into a new file.

        Args:
            folder: The folder of the file, which stays there. A node passes `ctx.scratch`, which is removed after
                the call.
        """
        if self._samples is not None or self._source is not None:
            return self
        import secrets

        path = folder / f"{secrets.token_hex(8)}.au"
        write_stored(self.blocks(BLOCK), path, rate=self.rate, channels=self.channels)
        return open_stored_audio(path, plain=False)

    def _iterate(self, start: int) -> Iterator[FloatArray]:
        if self._blocks is not None:
            blocks = self._blocks(start)
            return blocks if self._frames is None else check_length(blocks, start, self._frames)
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


def open_stored_audio(path: Path, *, plain: bool = True) -> Audio:
    """Return audio that reads a file of `write_stored`; MediaError E511 for any other file.

    Args:
        path: The file, which stays in place as long as the audio lives.
        plain: Whether the file belongs to the cache, which needs no other copy.
    """
    stored = open_stored(path)
    return Audio.from_reader(
        stored.create_blocks,
        rate=stored.rate,
        channels=stored.channels,
        frames=stored.frames,
        source=path if plain else None,
    )


def _copy_samples(source: Any) -> FloatArray:
    """Return samples that share no memory with their source and are read-only."""
    import numpy as np

    samples = convert(source)
    owned = isinstance(source, np.ndarray) and np.may_share_memory(samples, source)
    samples = samples.copy() if owned or not samples.flags.owndata else samples
    samples.flags.writeable = False
    return samples
