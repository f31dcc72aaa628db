"""The value types that Studio brings."""

from __future__ import annotations

from typing import Any

from studio.api.audio_file import AudioType
from studio.api.image_file import ImageType, MaskType
from studio.api.latent import ConditioningType, LatentType
from studio.api.value_type import ValueType
from studio.api.video_file import VideoType


def create_builtin_value_types() -> list[ValueType[Any]]:
    """Return the value types for `Image`, `Mask`, `Audio`, `Video`, `Latent` and `Conditioning`."""
    return [ImageType(), MaskType(), AudioType(), VideoType(), LatentType(), ConditioningType()]
