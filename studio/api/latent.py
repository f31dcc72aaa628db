"""`Latent` and `Conditioning`: what diffusion models work on between words and images, frozen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from studio.api.media_file import open_media, refuse, refuse_writing, write_bytes
from studio.api.value_type import Packed, ValueType
from studio.errors import MediaError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from studio.settings import MediaLimits

    AnyArray = npt.NDArray[np.generic]
    FloatArray = npt.NDArray[np.float32]

V = TypeVar("V")
_LAYOUTS = "use channels x height x width, frames before them or not, or tokens x channels"


class _Frozen:
    """What both values share: attributes cannot be set again."""

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __getstate__(self) -> None:
        raise TypeError(f"{type(self).__name__} is not pickled; use the codec of its value type")

    __hash__ = None  # type: ignore[assignment]  # equality looks at every sample; use the digest as a key


class Latent(_Frozen):
    """An image in the latent space of a diffusion model: what its autoencoder makes of one image.

    Attributes:
        samples: float32, read-only, scaled as the denoiser takes them (deviation near 1): channels x height x width,
            frames x channels x height x width, or tokens x channels. All zeros if nothing is drawn yet.
        space: Names the latent space; a decoder reads latents of its own space only.
        width: Columns of the image, in pixels.
        height: Rows of the image, in pixels.

    Raises:
        MediaError: E501 for an invalid shape or size, E502 for NaN or infinity.

    Example:
        import numpy as np
        from studio.api import Latent

        empty = Latent(np.zeros((4, 64, 64)), space="sd15", width=512, height=512)
        noisy = Latent(np.random.default_rng(1).standard_normal((4, 64, 64)), "sd15", 512, 512)

        assert empty.is_empty and not noisy.is_empty
        assert noisy.samples.dtype == np.float32
    """

    __slots__ = ("height", "samples", "space", "width")
    studio_type: ClassVar[str] = "latent"
    samples: FloatArray
    space: str
    width: int
    height: int

    def __init__(self, samples: Any, space: str, width: int, height: int) -> None:
        import numpy as np

        array = np.array(samples, np.float32) + np.float32(0.0)  # -0.0 and 0.0 are the same sample
        if array.ndim not in (2, 3, 4) or array.size == 0:
            raise MediaError("E501", f"invalid latent shape {array.shape}", hint=_LAYOUTS)
        if width < 1 or height < 1:
            raise MediaError("E501", f"invalid latent size {width} x {height}", hint="give the size of its image")
        if not np.isfinite(array).all():
            raise MediaError("E502", "the latent contains NaN or infinity", hint="compute it in float32 or bfloat16")
        for name, value in (("samples", _freeze(array)), ("space", space), ("width", width), ("height", height)):
            object.__setattr__(self, name, value)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is drawn yet: all samples are 0."""
        return not self.samples.any()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Latent):
            return NotImplemented
        import numpy as np

        mine, its = (self.space, self.width, self.height), (other.space, other.width, other.height)
        return mine == its and np.array_equal(self.samples, other.samples)

    def __repr__(self) -> str:
        return f"Latent({' x '.join(map(str, self.samples.shape))} of {self.space}, {self.width}x{self.height})"


class Conditioning(_Frozen):
    """A prompt, encoded by the text encoders of a diffusion model.

    Attributes:
        tensors: Arrays by the name that the model's pipeline gives them, read-only; floats are float32, whole
            numbers int64.
        space: Names the text encoders; only models with the same ones understand it.
        info: Its source as plain JSON, such as the prompt.

    Raises:
        MediaError: E501 for no arrays or an unsupported dtype, E502 for NaN or infinity.

    Example:
        import numpy as np
        from studio.api import Conditioning

        prompt = Conditioning({"prompt_embeds": np.zeros((77, 768))}, space="clip-l", info={"prompt": "a red apple"})

        assert prompt.tensors["prompt_embeds"].shape == (77, 768)
        assert prompt.info["prompt"] == "a red apple"
    """

    __slots__ = ("info", "space", "tensors")
    studio_type: ClassVar[str] = "conditioning"
    tensors: Mapping[str, AnyArray]
    space: str
    info: Mapping[str, Any]

    def __init__(self, tensors: Mapping[str, Any], space: str, info: Mapping[str, Any] | None = None) -> None:
        from types import MappingProxyType

        frozen = {name: _freeze(_convert(tensors[name], name)) for name in sorted(tensors)}
        if not frozen:
            raise MediaError("E501", "a conditioning without arrays", hint="give the arrays of the text encoders")
        object.__setattr__(self, "tensors", MappingProxyType(frozen))
        object.__setattr__(self, "space", space)
        object.__setattr__(self, "info", MappingProxyType(dict(info or {})))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Conditioning):
            return NotImplemented
        import numpy as np

        return (
            (self.space, dict(self.info), list(self.tensors)) == (other.space, dict(other.info), list(other.tensors))
        ) and all(np.array_equal(array, other.tensors[name]) for name, array in self.tensors.items())

    def __repr__(self) -> str:
        return f"Conditioning({', '.join(self.tensors)} of {self.space})"


class _TensorType(ValueType[V]):
    """Reads and writes a value as one safetensors file with what `pack` returns."""

    extensions = ("safetensors",)

    def read_file(self, path: Path, limits: MediaLimits) -> V:
        """Read a value that `write_file` wrote; MediaError E511 for any other file."""
        with open_media(path, limits) as file:
            data = file.read()
        kind, header, _ = _read_metadata(data)
        if kind != self.name:
            found = f"a {kind}" if kind else "something else"
            raise refuse(
                path, f"expected a {self.name}, the file contains {found}", hint="name a file that Studio wrote"
            )
        from safetensors import SafetensorError, numpy

        try:
            return self.unpack(Packed(header, numpy.load(data)))
        except (SafetensorError, KeyError, TypeError, ValueError, MediaError) as error:
            raise refuse(path, f"damaged {self.name}: {error}", hint="make it again") from None

    def write_file(self, value: V, path: Path, provenance: str | None) -> None:
        """Write a value with its provenance; equal values and provenances give equal bytes."""
        from safetensors import numpy

        if path.suffix.lower() != ".safetensors":
            raise refuse_writing(
                path, f"unsupported {self.name} file extension {path.suffix!r}", hint="use .safetensors"
            )
        packed = self.pack(value)
        about = {"type": self.name, "header": dict(packed.header), "provenance": provenance}
        text = json.dumps(about, sort_keys=True)  # one key: several are written in an order that varies
        write_bytes(path, numpy.save(dict(packed.arrays), metadata={"studio": text}))

    def read_provenance(self, path: Path) -> str | None:
        """Return the provenance that a file carries, or None."""
        from studio.settings import MediaLimits

        with open_media(path, MediaLimits()) as file:
            head = file.read(8)
            data = head + file.read(min(int.from_bytes(head, "little"), 100_000_000))
        return _read_metadata(data)[2]


class LatentType(_TensorType[Latent]):
    """Latents: stored, read and written as safetensors."""

    name = "latent"
    python = Latent

    def pack(self, value: Latent) -> Packed:
        """Take a latent apart."""
        return Packed({"space": value.space, "width": value.width, "height": value.height}, {"samples": value.samples})

    def unpack(self, packed: Packed) -> Latent:
        """Put a latent together again."""
        header = packed.header
        return Latent(packed.arrays["samples"], header["space"], header["width"], header["height"])

    def describe(self, value: Latent) -> str:
        """Say its shape and the size of its image, e.g. "8x16x16 latent of a 64x64 image"."""
        empty = "empty " if value.is_empty else ""
        return f"{empty}{'x'.join(map(str, value.samples.shape))} latent of a {value.width}x{value.height} image"


class ConditioningType(_TensorType[Conditioning]):
    """Conditionings: stored, read and written as safetensors."""

    name = "conditioning"
    python = Conditioning

    def pack(self, value: Conditioning) -> Packed:
        """Take a conditioning apart."""
        return Packed({"space": value.space, "info": dict(value.info)}, dict(value.tensors))

    def unpack(self, packed: Packed) -> Conditioning:
        """Put a conditioning together again."""
        return Conditioning(packed.arrays, packed.header["space"], packed.header["info"])

    def describe(self, value: Conditioning) -> str:
        """Say the prompt where it is known, e.g. 'prompt "a red apple"'."""
        prompt = value.info.get("prompt")
        return f'prompt "{prompt}"' if isinstance(prompt, str) else f"conditioning of {value.space}"


def _convert(array: Any, name: str) -> Any:
    import numpy as np

    converted = np.asarray(array)
    match converted.dtype.kind:
        case "b":
            return np.array(converted)
        case "i" | "u":
            return np.array(converted, np.int64)
        case "f":
            floats = np.array(converted, np.float32) + np.float32(0.0)
            if not np.isfinite(floats).all():
                raise MediaError(
                    "E502", f"{name!r} of the conditioning contains NaN or infinity", hint="encode it in float32"
                )
            return floats
    raise MediaError("E501", f"unsupported dtype {converted.dtype} of {name!r} in a conditioning", hint="give numbers")


def _freeze(array: Any) -> Any:
    import numpy as np

    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array.view()  # a view of a locked array cannot be unlocked


def _read_metadata(data: bytes) -> tuple[str, dict[str, Any], str | None]:
    """Return type, header and provenance from the head of a safetensors file; the type is "" for other files."""
    try:
        length = int.from_bytes(data[:8], "little")
        about = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["studio"])
        kind, header, provenance = about["type"], about["header"], about["provenance"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "", {}, None
    known = isinstance(kind, str) and isinstance(header, dict) and isinstance(provenance, str | None)
    return (kind, header, provenance) if known else ("", {}, None)
