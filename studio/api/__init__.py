"""The plugin contract: what plugins import; names that few need are in its submodules.

Media values, `@node`, `Context`, `Model` references, value types and hooks. The names in `__all__` and those in
`__all__` of the modules in `CONTRACT_MODULES` are the contract, in the version `API_VERSION`; docs/plugin_api.md lists
them. All other modules of this package belong to Studio and change without notice. Importing this module is cheap:
numpy and the decoders of media are loaded when a value is first used.
"""

from studio.api.audio import Audio
from studio.api.audio_file import AudioType
from studio.api.color import SRGB, ColorSpace
from studio.api.color_conversion import convert_color, describe_conversion
from studio.api.color_text import Color, parse_color
from studio.api.context import Context
from studio.api.field import Added, Channels, Field, Lazy, ModelKinds, Unkeyed
from studio.api.file import File, OutputPath
from studio.api.frame_position import FramePosition
from studio.api.grammar import Grammar, check_inputs
from studio.api.hooks import Hooks, hookimpl
from studio.api.image import Image, Mask
from studio.api.image_file import ImageType, MaskType
from studio.api.latent import Conditioning, ConditioningType, Latent, LatentType
from studio.api.media_file import check_extension
from studio.api.memory import is_out_of_memory
from studio.api.memory_plan import MemoryBudget, MemoryPlan, PlannedPart
from studio.api.migration import Migration
from studio.api.model import Model
from studio.api.model_opener import ModelOpener
from studio.api.node_declaration import node
from studio.api.node_type import Batch, Input, NodeType, Output, Resources, find_node_types, get_node_type
from studio.api.placement import Anchor, Placement, place_box
from studio.api.plugin_settings import PluginHome, PluginSettings, Secret
from studio.api.subgraph import Subgraph, SubgraphEnd
from studio.api.type_spec import JsonValue, TypeSpec
from studio.api.value_type import Packed, StreamType, ValueType
from studio.api.video import Frame, Video
from studio.api.video_file import VideoType
from studio.errors import Cancelled, MediaError, ModelError, StudioError
from studio.files import is_disk_full, replace_file, replace_files
from studio.settings import MediaLimits
from studio.suggestion import list_nearest, suggest

API_VERSION = "1.1"
"""Version of the contract: the first number rises when a name goes or changes, the second when one is added."""

CONTRACT_MODULES = (
    "studio.api",
    "studio.api.audio_blocks",
    "studio.api.audio_tags",
    "studio.api.audio_writing",
    "studio.api.av_file",
    "studio.api.events",
    "studio.api.evidence",
    "studio.api.fonts",
    "studio.api.foreign",
    "studio.api.image_tags",
    "studio.api.image_writing",
    "studio.api.marks",
    "studio.api.model_folder",
    "studio.api.onnx_network",
    "studio.api.quiet",
    "studio.api.verdict",
    "studio.api.video_extras",
    "studio.api.video_probing",
    "studio.api.video_writing",
)
"""The modules whose `__all__` is the contract."""

__all__ = [
    "API_VERSION",
    "CONTRACT_MODULES",
    "SRGB",
    "Added",
    "Anchor",
    "Audio",
    "AudioType",
    "Batch",
    "Cancelled",
    "Channels",
    "Color",
    "ColorSpace",
    "Conditioning",
    "ConditioningType",
    "Context",
    "Field",
    "File",
    "Frame",
    "FramePosition",
    "Grammar",
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
    "MemoryBudget",
    "MemoryPlan",
    "Migration",
    "Model",
    "ModelError",
    "ModelKinds",
    "ModelOpener",
    "NodeType",
    "Output",
    "OutputPath",
    "Packed",
    "Placement",
    "PlannedPart",
    "PluginHome",
    "PluginSettings",
    "Resources",
    "Secret",
    "StreamType",
    "StudioError",
    "Subgraph",
    "SubgraphEnd",
    "TypeSpec",
    "Unkeyed",
    "ValueType",
    "Video",
    "VideoType",
    "check_extension",
    "check_inputs",
    "convert_color",
    "describe_conversion",
    "find_node_types",
    "get_node_type",
    "hookimpl",
    "is_disk_full",
    "is_out_of_memory",
    "list_nearest",
    "node",
    "parse_color",
    "place_box",
    "replace_file",
    "replace_files",
    "suggest",
]
