"""Pillow images and torch tensors as arrays of samples, for `Image` and `Mask`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.errors import MediaError

if TYPE_CHECKING:
    import numpy.typing as npt

    AnyArray = npt.NDArray[Any]

_WHOLE_TENSORS = ("torch.uint8", "torch.uint16")


def is_pillow(source: object) -> bool:
    """Say whether an object is a Pillow image, without loading Pillow."""
    return any(t.__module__.startswith("PIL.") and t.__name__ == "Image" for t in type(source).__mro__)


def is_torch(source: object) -> bool:
    """Say whether an object is a torch tensor, without loading torch."""
    return any(t.__module__ == "torch" and t.__name__ == "Tensor" for t in type(source).__mro__)


def convert_pillow(source: Any) -> AnyArray:
    """Return a Pillow image as samples: height x width (x 3 or 4), uint8, uint16 or float32.

    Raises:
        MediaError: E501 for an image that cannot be decoded, and for an unsupported mode.
    """
    import numpy as np

    try:
        source.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise MediaError("E501", f"the Pillow image cannot be decoded: {error}", hint="its file is damaged") from None
    if source.mode in ("I;16", "I;16L", "I;16B", "I;16N"):
        deep: AnyArray = np.asarray(source).astype(np.uint16)
        return deep
    if source.mode == "I":
        clipped: AnyArray = np.clip(np.asarray(source), 0, 65535).astype(np.uint16)
        return clipped
    return np.asarray(source) if source.mode == "F" else np.array(_convert_mode(source))


def _convert_mode(source: Any) -> Any:
    """Return a Pillow image in mode L, RGB or RGBA."""
    has_alpha = source.mode in ("LA", "La", "PA", "RGBa") or "transparency" in source.info
    if source.mode not in ("L", "RGB", "RGBA") or (has_alpha and source.mode != "RGBA"):
        try:
            source = source.convert("RGBA" if has_alpha else "L" if source.mode == "1" else "RGB")
        except ValueError:
            raise MediaError(
                "E501", f"unsupported mode {source.mode!r} of a Pillow image", hint="convert it to RGB first"
            ) from None
    return source


def convert_torch(tensor: Any) -> AnyArray:
    """Return a tensor of channels x height x width, with a batch of one or without, as height x width x channels."""
    import numpy as np

    tensor = tensor.detach().cpu()
    if tensor.ndim == 4 and tensor.shape[0] == 1:
        tensor = tensor[0]
    array: AnyArray = tensor.numpy() if str(tensor.dtype) in _WHOLE_TENSORS else tensor.float().numpy()
    if array.ndim == 3:
        array = np.moveaxis(array, 0, -1)
    return np.array(array)
