"""Sound: `Audio`, frozen, samples x channels of float32 with their rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from studio.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]
    AnyArray = npt.NDArray[Any]

MOST_CHANNELS = 1024
HIGHEST_RATE = 1_000_000


class Audio:
    """A sound: samples x channels, float32, with its rate in hertz.

    Samples nominally lie in [-1, 1]; louder ones are allowed (they are clipped when written as whole numbers), NaN
    and infinity are not. Zero samples are a sound, zero channels are not. It may come from a NumPy array, a torch
    tensor or nested lists: samples x channels, or one axis for mono, of floats or of whole numbers, which are scaled
    by their full range (int16 by 1/32768, int32 by 1/2147483648, uint8 is centred on 128).

    Use `frames`, `channels` and `blocks` rather than `samples` where the whole sound is not needed at once: that is
    what stays cheap for long sounds.

    Raises:
        MediaError: E503 for a shape, a type or a rate that is no sound, or for NaN or infinity.
    """

    studio_type: ClassVar[str] = "audio"
    __slots__ = ("_rate", "_samples")
    _rate: int
    _samples: FloatArray

    def __init__(self, samples: Any, rate: int) -> None:
        object.__setattr__(self, "_rate", _check_rate(rate))
        object.__setattr__(self, "_samples", _convert(samples))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("Audio is frozen")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("Audio is frozen")

    def __getstate__(self) -> None:
        raise TypeError("Audio is not pickled; use the codec of its value type")

    @property
    def samples(self) -> FloatArray:
        """All samples: frames x channels, float32, read-only."""
        return self._samples

    @property
    def rate(self) -> int:
        """Frames per second, in hertz."""
        return self._rate

    @property
    def channels(self) -> int:
        """Channels, at least 1."""
        return int(self._samples.shape[1])

    @property
    def frames(self) -> int:
        """Samples per channel."""
        return int(self._samples.shape[0])

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate

    @property
    def byte_size(self) -> int:
        """Memory that the sound holds, in bytes."""
        return int(self._samples.nbytes)

    def blocks(self, size: int) -> Iterator[FloatArray]:
        """Yield the samples in order, `size` frames at a time; the last block may be shorter."""
        if size < 1:
            raise MediaError("E503", f"a block of {size} frames is empty", hint="ask for at least one frame")
        for start in range(0, self.frames, size):
            yield self._samples[start : start + size]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Audio):
            return NotImplemented
        import numpy as np

        return self.rate == other.rate and bool(np.array_equal(self.samples, other.samples))

    __hash__ = None  # type: ignore[assignment]  # equality looks at every sample; use the digest as a key

    def __repr__(self) -> str:
        return f"Audio({self.duration:g} s, {self.channels} ch, {self.rate} Hz)"


def _check_rate(rate: object) -> int:
    import numpy as np

    if isinstance(rate, int | np.integer) and not isinstance(rate, bool) and 1 <= rate <= HIGHEST_RATE:
        return int(rate)
    raise MediaError("E503", f"a rate of {rate!r} is no sample rate", hint=f"give whole hertz from 1 to {HIGHEST_RATE}")


def _convert(source: Any) -> FloatArray:
    import numpy as np

    if any(t.__module__ == "torch" and t.__name__ == "Tensor" for t in type(source).__mro__):
        source = source.detach().cpu()
        source = (source.float() if source.is_floating_point() else source).numpy()
    try:
        array: AnyArray = np.array(source)
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
