"""The plugin contract: all that a plugin may import.

Media values, `@node`, `Context`, `Model` references, value types and hooks. Importing it is cheap: numpy and
what decodes media are loaded when a value is first looked at.
"""

from studio.api.audio import Audio
from studio.api.audio_file import AudioType
from studio.api.context import Context
from studio.api.field import Channels, Field, Lazy, Unkeyed
from studio.api.file import File, OutputPath
from studio.api.hooks import Hooks, hookimpl
from studio.api.image import Image, Mask
from studio.api.image_file import ImageType, MaskType
from studio.api.latent import Conditioning, ConditioningType, Latent, LatentType
from studio.api.memory import is_out_of_memory
from studio.api.model import Model
from studio.api.model_opener import ModelOpener
from studio.api.node_type import Batch, Input, NodeType, Output, find_node_types, get_node_type, node
from studio.api.type_spec import JsonValue, TypeSpec
from studio.api.value_type import Packed, StreamType, ValueType
from studio.api.video import Frame, Video
from studio.api.video_file import VideoType
from studio.errors import Cancelled, MediaError, ModelError, StudioError
from studio.files import is_disk_full, replace_file, replace_files
from studio.settings import MediaLimits

__all__ = [
    "Audio",
    "AudioType",
    "Batch",
    "Cancelled",
    "Channels",
    "Conditioning",
    "ConditioningType",
    "Context",
    "Field",
    "File",
    "Frame",
    "Hooks",
    "Image",
    "ImageType",
    "Input",
    "JsonValue",
    "Latent",
    "LatentType",
    "Lazy",
    "Mask",
    "MaskType",
    "MediaError",
    "MediaLimits",
    "Model",
    "ModelError",
    "ModelOpener",
    "NodeType",
    "Output",
    "OutputPath",
    "Packed",
    "StreamType",
    "StudioError",
    "TypeSpec",
    "Unkeyed",
    "ValueType",
    "Video",
    "VideoType",
    "find_node_types",
    "get_node_type",
    "hookimpl",
    "is_disk_full",
    "is_out_of_memory",
    "node",
    "replace_file",
    "replace_files",
]
