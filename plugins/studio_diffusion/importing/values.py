"""What travels on ComfyUI's edges before it becomes nodes: models, prompts, latents, and how they are sampled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from studio.api.foreign import ForeignNode, Made


@dataclass(frozen=True)
class SeenImage:
    """Images that an encoder of images reads, by its file in the folder "clip_vision"."""

    images: tuple[Any, ...]
    encoder: str = ""


@dataclass(frozen=True)
class ImagePromptPart:
    """Images that are read as prompts.

    Attributes:
        node: The node that adds them.
        images: The images.
        folder: Folder of the weights that read them.
        file: Their file; "" where the encoder alone reads them.
        encoder: File of the encoder of images.
        scale: How strongly they count.
        use: What they decide on: "all", "style" or "layout".
    """

    node: ForeignNode
    images: tuple[Any, ...]
    folder: str
    file: str
    encoder: str
    scale: Any = 1.0
    use: str = "all"


@dataclass(frozen=True)
class ModelPart:
    """A denoiser.

    Attributes:
        node: The node that loads it.
        folder: Folder of its file: "checkpoints" or "diffusion_models".
        file: Its file.
        loras: LoRAs and their scales.
        shift: Shift of the timesteps of a flow model.
        first_guidance: Guidance of a video's first frame, where it rises from frame to frame.
        prediction: What the denoiser predicts, where another node says so.
        image_prompts: Images that an IP-Adapter reads.
    """

    node: ForeignNode
    folder: str
    file: str
    loras: tuple[tuple[str, float], ...] = ()
    shift: float | None = None
    first_guidance: float | None = None
    prediction: str = ""
    image_prompts: tuple[ImagePromptPart, ...] = ()


@dataclass(frozen=True)
class ClipPart:
    """Text encoders.

    Attributes:
        files: Their files; () for those of a checkpoint.
        type: Architecture that they are loaded for.
        skip: Layers that are left out at the end.
        told: Whether the document says how many.
    """

    files: tuple[str, ...] = ()
    type: str = ""
    skip: int = 0
    told: bool = False


@dataclass(frozen=True)
class VaePart:
    """An autoencoder: its file, or "" for that of a checkpoint."""

    file: str = ""


@dataclass(frozen=True)
class ControlPart:
    """A ControlNet and its image."""

    file: str
    image: Any
    scale: Any = 1.0
    start: Any = 0.0
    end: Any = 1.0
    kind: str = ""


@dataclass(frozen=True)
class Entry:
    """One prompt of a conditioning, with where and when it counts; an area is in pixels, or in shares of the image."""

    text: Any
    area: tuple[Any, Any, Any, Any] | None = None
    shares: bool = False
    mask: Any = None
    strength: Any = 1.0
    mask_strength: Any = 1.0
    span: tuple[float, float] | None = None


@dataclass(frozen=True)
class Prompt:
    """A conditioning.

    Attributes:
        entries: Its prompts; several are combined.
        clip: Text encoders.
        guidance: Guidance that a distilled model is told.
        images: Images beside the prompt, for a model that edits.
        controls: ControlNets.
        image_prompts: Images that are read as prompts.
        music: Words of a song, and what else is said of music, by the names of inputs.
        zero: Whether it stands for no prompt at all.
        fps: Frames per second that a video model is told.
        stage: How the latent was sampled that a second stage draws from.
        syntax: How the text is read: "comfyui" or "webui".
    """

    entries: tuple[Entry, ...]
    clip: ClipPart = ClipPart()
    guidance: Any = None
    images: tuple[Any, ...] = ()
    controls: tuple[ControlPart, ...] = ()
    image_prompts: tuple[ImagePromptPart, ...] = ()
    music: tuple[tuple[str, Any], ...] = ()
    zero: bool = False
    fps: Any = None
    stage: Sampling | None = None
    syntax: str = "comfyui"

    @property
    def text(self) -> Any:
        """The text of a prompt that is one."""
        return self.entries[0].text if self.entries else ""

    @property
    def is_plain(self) -> bool:
        """Whether it is one prompt for the whole image and all steps."""
        entry = self.entries[0] if self.entries else Entry("")
        return len(self.entries) <= 1 and entry == Entry(entry.text)


@dataclass(frozen=True)
class LatentPart:
    """A latent.

    Attributes:
        media: "image", "video" or "audio".
        width: Width in pixels, if it is known.
        height: Height in pixels, if it is known.
        count: Number of images.
        frames: Number of frames of a video.
        seconds: Length of audio.
        image: Image that is encoded in it.
        mask: Part of it that is drawn again.
        mask_mode: "fill" where the part is drawn from nothing, as models for inpainting do.
        first: Image that a video starts with.
        last: Image that a video ends with.
        references: Images that a video refers to.
        video: Video that a video follows, or that is encoded.
        control_scale: How strictly a video is followed, where the document says so.
        audio: Audio that goes with a video.
        fps: Frames per second that the model is told.
        sampled: How it was sampled.
        scale: Factor by which a sampled latent was resized.
        method: Filter that resized it.
        layers: Number of layers of a layered image.
        composite: The latents that it was put together from.
    """

    media: str = "image"
    width: Any = None
    height: Any = None
    count: Any = 1
    frames: Any = None
    seconds: Any = None
    image: Any = None
    mask: Any = None
    mask_mode: str = ""
    first: Any = None
    last: Any = None
    references: tuple[Any, ...] = ()
    video: Any = None
    control_scale: Any = None
    audio: Any = None
    fps: Any = None
    sampled: Sampling | None = None
    scale: float | None = None
    method: str = "nearest"
    layers: Any = None
    composite: Composite | None = None


@dataclass(frozen=True)
class Composite:
    """A latent on another, with a place and a soft edge in pixels."""

    base: LatentPart
    top: LatentPart
    x: Any = 0
    y: Any = 0
    feather: Any = 0
    mask: Any = None


@dataclass(frozen=True)
class Sampling:
    """How a latent is sampled.

    Attributes:
        node: The node that samples.
        schedule: How the steps are spaced.
        first: First step, counted from 0.
        last: Step before which it ends, or None.
        sigmas: Noise levels, where a person gave them.
        noise: Whether noise is added.
        leftover: Whether the noise of the last step stays.
        second: The sampling of the other expert, which takes over at low noise.
        made: What became of it.
    """

    node: ForeignNode
    model: ModelPart
    positive: Prompt
    negative: Prompt | None
    latent: LatentPart
    seed: Any = 0
    steps: Any = 20
    cfg: Any = 1.0
    sampler: Any = "euler"
    schedule: Any = "normal"
    denoise: Any = 1.0
    first: int = 0
    last: int | None = None
    sigmas: tuple[float, ...] = ()
    noise: bool = True
    leftover: bool = False
    second: Sampling | None = None
    made: dict[str, Made] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Sigmas:
    """Noise levels as a scheduler makes them, or as a person gave them."""

    steps: Any = 20
    schedule: Any = "normal"
    denoise: Any = 1.0
    values: tuple[float, ...] = ()
    first: int = 0
    last: int | None = None


@dataclass(frozen=True)
class Guider:
    """A model, what it is guided by, and how strongly."""

    model: ModelPart
    positive: Prompt
    negative: Prompt | None = None
    cfg: Any = 1.0


@dataclass(frozen=True)
class Noise:
    """The seed of the noise; None for no noise."""

    seed: Any = None


@dataclass(frozen=True)
class ControlFile:
    """A ControlNet that is loaded."""

    file: str
    kind: str = ""
