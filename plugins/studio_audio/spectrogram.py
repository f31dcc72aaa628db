"""`Spectrogram`: audio as magnitudes over frequency and time, with the phases that take it back; and its codec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from studio.api import MediaError, Packed, ValueType

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from studio_audio.bounds import FloatArray

KINDS = ("stft", "mel", "cqt")
_ARRAYS = ("magnitude", "phase", "carrier", "rest")


class Spectrogram:
    """Audio as magnitudes over frequency and time, frozen.

    Attributes:
        kind: "stft" (bins evenly spaced), "mel" (bands of the mel scale) or "cqt" (bins evenly spaced in pitch).
        rate: Sample rate of the audio, in hertz.
        length: Frames of the audio.
        window: Samples in a window of the Fourier transform; for "cqt" of the whole padded audio.
        hop: Samples from one column to the next; for "cqt" it need not be whole.
        low: Frequency of the lowest bin in hertz, for "mel" its lower edge.
        high: For "mel" the upper edge of the highest band in hertz, otherwise 0.
        octave: Bins an octave for "cqt", otherwise 0.
        magnitude: channels x bins x columns, float32, not negative; the lowest frequency comes first.
        phase: Angles in radians, of the same shape; None where there are none ("mel" has none, or they are lost).
        carrier: For "mel": the spectrum beneath, channels x bins x columns x 2 (real, imaginary); changes of the
            magnitude are applied to it as gains. None where it is lost.
        rest: channels x length: what the bins do not hold of the audio ("cqt": below and above them), or None.

    Raises:
        MediaError: E643 for shapes that do not fit together, E502 for NaN, infinity or negative magnitudes.
    """

    studio_type: ClassVar[str] = "spectrogram"
    __slots__ = (
        "carrier",
        "high",
        "hop",
        "kind",
        "length",
        "low",
        "magnitude",
        "octave",
        "phase",
        "rate",
        "rest",
        "window",
    )
    kind: str
    rate: int
    length: int
    window: int
    hop: float
    low: float
    high: float
    octave: int
    magnitude: FloatArray
    phase: FloatArray | None
    carrier: FloatArray | None
    rest: FloatArray | None

    def __init__(
        self,
        kind: str,
        rate: int,
        length: int,
        window: int,
        hop: float,
        *,
        magnitude: Any,
        phase: Any = None,
        carrier: Any = None,
        rest: Any = None,
        low: float = 0.0,
        high: float = 0.0,
        octave: int = 0,
    ) -> None:
        import numpy as np

        magnitude = _freeze(magnitude)
        _check_magnitude(kind, magnitude)
        if phase is not None and np.shape(phase) != magnitude.shape:
            raise MediaError("E643", "phase and magnitude of a spectrogram have different shapes")
        values = {"kind": kind, "rate": int(rate), "length": int(length), "window": int(window), "hop": float(hop)}
        values |= {"low": float(low), "high": float(high), "octave": int(octave)}
        arrays = {"phase": phase, "carrier": carrier, "rest": rest}
        frozen = {name: None if array is None else _freeze(array) for name, array in arrays.items()}
        for name, value in {**values, "magnitude": magnitude, **frozen}.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("Spectrogram is frozen")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("Spectrogram is frozen")

    def __getstate__(self) -> None:
        raise TypeError("Spectrogram is not pickled; use the codec of its value type")

    @property
    def channels(self) -> int:
        """Channels of the audio."""
        return int(self.magnitude.shape[0])

    @property
    def bins(self) -> int:
        """Bins, from low to high."""
        return int(self.magnitude.shape[1])

    @property
    def columns(self) -> int:
        """Columns, from first to last."""
        return int(self.magnitude.shape[2])

    @property
    def has_phase(self) -> bool:
        """Whether the audio comes back without its phases being guessed."""
        return self.phase is not None or self.carrier is not None

    def replace(self, **changes: Any) -> Spectrogram:
        """Return one with other attributes."""
        values = {name: getattr(self, name) for name in self.__slots__} | changes
        return Spectrogram(**values)

    def __eq__(self, other: object) -> bool:
        import numpy as np

        if not isinstance(other, Spectrogram):
            return NotImplemented
        for name in self.__slots__:
            mine, its = getattr(self, name), getattr(other, name)
            if name not in _ARRAYS or mine is None or its is None:
                if mine is not its and (name in _ARRAYS or mine != its):
                    return False
            elif not np.array_equal(mine, its):
                return False
        return True

    __hash__ = None  # type: ignore[assignment]  # equality looks at every sample; use the digest as a key

    def __repr__(self) -> str:
        return f"Spectrogram({self.kind}, {self.bins} x {self.columns} x {self.channels} ch, {self.rate} Hz)"


class SpectrogramType(ValueType[Spectrogram]):
    """Spectrograms: stored as they are; not read from or written to files."""

    name = "spectrogram"
    python = Spectrogram

    def pack(self, value: Spectrogram) -> Packed:
        """Take a spectrogram apart."""
        header = {name: getattr(value, name) for name in value.__slots__ if name not in _ARRAYS}
        arrays = {name: getattr(value, name) for name in _ARRAYS if getattr(value, name) is not None}
        return Packed(header, arrays)

    def unpack(self, packed: Packed) -> Spectrogram:
        """Put a spectrogram together again."""
        arrays: dict[str, Any] = dict(packed.arrays)
        return Spectrogram(**packed.header, **arrays)

    def describe(self, value: Spectrogram) -> str:
        """Say kind, size and length, e.g. "stft, 1025 bins x 431 columns, 5 s, 2 channels"."""
        seconds = value.length / value.rate
        return f"{value.kind}, {value.bins} bins x {value.columns} columns, {seconds:.4g} s, {value.channels} channels"


def _check_magnitude(kind: str, magnitude: FloatArray) -> None:
    import numpy as np

    if kind not in KINDS or magnitude.ndim != 3 or 0 in magnitude.shape[:2]:
        raise MediaError("E643", f"invalid spectrogram {kind!r} of shape {magnitude.shape}", hint="see `Spectrogram`")
    if not np.isfinite(magnitude).all() or magnitude.min(initial=0.0) < 0:
        raise MediaError("E502", "a spectrogram has magnitudes that are negative, NaN or infinite")


def _freeze(array: Any) -> npt.NDArray[np.float32]:
    import numpy as np

    frozen = np.array(array, np.float32, order="C") + np.float32(0.0)  # -0.0 and 0.0 are the same sample
    frozen.flags.writeable = False
    return frozen
