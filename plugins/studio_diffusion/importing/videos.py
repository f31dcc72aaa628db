"""Turns the sampling of a video into a node that makes it."""

from __future__ import annotations

from collections import deque
from typing import Any

from studio.api.foreign import ForeignNode, Importer, ImportGap, Made
from studio_diffusion.importing.known_models import KnownModel
from studio_diffusion.importing.settings import write_model, write_negative, write_prompt, write_settings
from studio_diffusion.importing.values import LatentPart, Sampling, VaePart

_TEXT, _ANIMATE, _REDRAW = "video.from_text", "video.animate", "video.redraw"
_NAMES = {_ANIMATE: "animate", _REDRAW: "redraw"}
_REDRAWN = ("Wan VACE", "Wan 2.1")
_RATES = ("fps", "frame_rate")
_MOST_USERS = 200


def make_video(importer: Importer, node: ForeignNode, sampling: Sampling, vae: VaePart, known: KnownModel) -> Made:
    """Add the node that makes a video, and return it.

    Args:
        importer: What is asked and told.
        node: The node that decodes it.
        sampling: How it is sampled.
        vae: Its autoencoder.
        known: Its architecture.

    Raises:
        ImportGap: No node type can do it.
    """
    latent = sampling.latent
    if sampling.first or sampling.last is not None:
        raise ImportGap("a part of the steps of a video", "all steps")
    type = _REDRAW if latent.video is not None else _ANIMATE if latent.first is not None else _TEXT
    if type == _REDRAW and known.name not in _REDRAWN:
        raise ImportGap(f"a video drawn again by {known.name}", "Wan 2.1 or Wan VACE")
    length = _write_length(importer, node, sampling, known)
    inputs: dict[str, Any] = {
        "prompt": write_prompt(importer, sampling),
        "negative_prompt": write_negative(importer, sampling),
    }
    inputs |= length | (
        _write_redrawn(importer, sampling, known, length["fps"]) if type == _REDRAW else _write_sources(latent)
    )
    inputs |= {"width": latent.width, "height": latent.height}
    settings = write_settings(importer, type, sampling, known)
    inputs |= {key: value for key, value in settings.items() if value is not None}
    inputs["model"] = write_model(importer, sampling, vae, known, **_write_second(importer, sampling))
    if type in (_TEXT, _REDRAW) and inputs["prompt"] == "":
        raise ImportGap("a prompt")
    if sampling.model.first_guidance is not None:
        importer.differ(
            sampling.node, f"guidance rises from the model's own value, not from {sampling.model.first_guidance}"
        )
    edge = importer.add(sampling.node, type, inputs, name=_NAMES.get(type, "film"))
    return Made({"from": edge}, "video", many=True)


def _write_redrawn(importer: Importer, sampling: Sampling, known: KnownModel, rate: float) -> dict[str, Any]:
    """Return the video that is drawn again, and how the model follows it."""
    latent, found = sampling.latent, _write_sources(sampling.latent)
    video, mask = latent.video, latent.mask
    if isinstance(video, Made) and video.kind == "image":
        frames = video if video.many else Made([video.value], "image", many=True)
        edge = importer.add(sampling.node, "video.from_frames", {"images": frames, "fps": rate}, name="frames")
        found["video"] = Made({"from": edge}, "video", many=True)
    else:
        importer.differ(sampling.node, f"frames are taken by time, {rate:g} a second, not by number")
    if isinstance(mask, Made):
        found["masks"] = mask if mask.many else [mask]
    if known.name == "Wan VACE":
        return found | {"control_scale": latent.control_scale}
    return found | {"strength": sampling.denoise}


def _write_sources(latent: LatentPart) -> dict[str, Any]:
    found: dict[str, Any] = {"image": latent.first, "last": latent.last, "video": latent.video, "audio": latent.audio}
    if latent.references:
        found["references"] = list(latent.references)
    return {name: value for name, value in found.items() if value is not None}


def _write_second(importer: Importer, sampling: Sampling) -> dict[str, str]:
    """Return the file of a second expert."""
    if sampling.second is None:
        return {}
    model = sampling.second.model
    return {"transformer_2": importer.find_model(model.node, model.folder, model.file)}


def _write_length(importer: Importer, node: ForeignNode, sampling: Sampling, known: KnownModel) -> dict[str, Any]:
    frames, told = sampling.latent.frames, sampling.positive.fps or sampling.latent.fps
    shown = _find_rate(importer, node)
    rate = told if _is_number(told) and sampling.latent.fps is None else shown or known.fps
    if not _is_number(rate):
        rate = known.fps
    if told is not None and told != rate:
        importer.differ(sampling.node, f"the model is told {rate} frames per second, not {told}")
    if frames is None:
        return {"fps": float(rate)}
    if not isinstance(frames, int) or isinstance(frames, bool):
        raise ImportGap("a number of frames that is not a literal", "a literal")
    return {"seconds": round(frames / rate, 6), "fps": float(rate)}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _find_rate(importer: Importer, node: ForeignNode) -> float | None:
    """Return the frames per second of the file that a video ends in."""
    pending, seen = deque([node]), {node.id}
    while pending and len(seen) < _MOST_USERS:
        for user, _ in importer.list_users(pending.popleft()):
            for name in _RATES:
                value = user.inputs.get(name)
                if isinstance(value, int | float) and _is_number(value):
                    return float(value)
            if user.id not in seen:
                seen.add(user.id)
                pending.append(user)
    return None
