"""What ComfyUI's nodes that prepare videos mean: the latent says what a video starts with, ends with and follows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from studio.api.foreign import ForeignNode, Importer, ImportGap, ImportRule, Made
from studio_diffusion.importing.latents import get_latent, make_video_latent
from studio_diffusion.importing.prompts import get_clip, get_prompt
from studio_diffusion.importing.values import Entry, LatentPart, Prompt

_SIZE = ("width", "height", "length", "batch_size")


def _condition(importer: Importer, node: ForeignNode) -> Any:
    """Convert a node that gives a video model images: both prompts, and the latent with the images."""
    first, last = importer.get(node, "start_image"), importer.get(node, "end_image")
    first = importer.get(node, "init_image", importer.get(node, "image", first))
    latent = make_video_latent(importer, node, first=first, last=last, fps=importer.get(node, "fps"))
    return get_prompt(importer, node, "positive"), get_prompt(importer, node, "negative"), latent


def _condition_one(importer: Importer, node: ForeignNode) -> Any:
    positive, _, latent = _condition(importer, node)
    return positive, latent


def _start(importer: Importer, node: ForeignNode) -> Any:
    return make_video_latent(importer, node, first=importer.get(node, "start_image"))


def _follow(importer: Importer, node: ForeignNode) -> Any:
    reference = importer.get(node, "reference_image", importer.get(node, "ref_image"))
    references = (reference,) if isinstance(reference, Made) else ()
    latent = make_video_latent(
        importer,
        node,
        references=references,
        video=importer.get(node, "control_video"),
        mask=importer.get(node, "control_masks"),
        control_scale=importer.get(node, "strength"),
    )
    return get_prompt(importer, node, "positive"), get_prompt(importer, node, "negative"), latent, 0


def _start_minimax(importer: Importer, node: ForeignNode) -> Any:
    first, last = importer.get(node, "first_frame"), importer.get(node, "last_frame")
    prompt = Prompt((Entry(importer.get(node, "prompt", "")),), get_clip(importer, node))
    return prompt, make_video_latent(importer, node, first=first, last=last)


def _refer_minimax(importer: Importer, node: ForeignNode) -> Any:
    names = sorted(name for name in node.inputs if name.startswith("ref_images."))
    references = tuple(image for image in (importer.get(node, name) for name in names) if isinstance(image, Made))
    for name in node.inputs:
        if name.startswith(("ref_videos.", "ref_video_audios.")):
            raise ImportGap("a video as a reference", "images as references")
    audio = importer.get(node, "ref_audios.ref_audio_0")
    prompt = Prompt((Entry(importer.get(node, "prompt", "")),), get_clip(importer, node))
    return prompt, make_video_latent(importer, node, references=references, audio=audio)


def _set_rate(importer: Importer, node: ForeignNode) -> Any:
    rate = importer.get(node, "frame_rate", 25.0)
    positive, negative = get_prompt(importer, node, "positive"), get_prompt(importer, node, "negative")
    return replace(positive, fps=rate), replace(negative, fps=rate)


def _add_guide(importer: Importer, node: ForeignNode) -> Any:
    positive, negative = get_prompt(importer, node, "positive"), get_prompt(importer, node, "negative")
    latent, image, index = (
        get_latent(importer, node, "latent"),
        importer.get(node, "image"),
        importer.get(node, "frame_idx", 0),
    )
    if index == 0:
        latent = replace(latent, first=image)
    elif index == -1:
        latent = replace(latent, last=image)
    else:
        raise ImportGap(f"an image at frame {index}", "the first and the last frame")
    return positive, negative, latent


def _start_in_place(importer: Importer, node: ForeignNode) -> Any:
    latent = get_latent(importer, node, "latent")
    if importer.get(node, "bypass", False):
        return latent
    if importer.get(node, "strength", 1.0) != 1.0:
        importer.differ(node, "the first frame is given at full strength")
    return replace(latent, first=importer.get(node, "image"))


def _pass_all(importer: Importer, node: ForeignNode) -> Any:
    positive, negative = get_prompt(importer, node, "positive"), get_prompt(importer, node, "negative")
    latent = get_latent(importer, node, "latent")
    importer.drop(node, "the model's own pipeline does it")
    return positive, negative, latent


def _keep_prompt(importer: Importer, node: ForeignNode) -> Any:
    """Convert a language model that rewrites a prompt for a video: the prompt stays as it is written."""
    prompt = importer.get(node, "prompt", "")
    importer.differ(node, "the prompt is used as it is written, not rewritten by a language model")
    return prompt


def _pass_image(importer: Importer, node: ForeignNode) -> Any:
    importer.differ(node, "the image is not compressed first")
    return importer.get(node, "image")


def _make_sound(importer: Importer, node: ForeignNode) -> Any:
    return LatentPart("audio")


def _encode_sound(importer: Importer, node: ForeignNode) -> Any:
    return LatentPart("audio", audio=importer.get(node, "audio"))


def _join_sound(importer: Importer, node: ForeignNode) -> Any:
    video, audio = get_latent(importer, node, "video_latent"), get_latent(importer, node, "audio_latent")
    return replace(video, audio=audio.audio if audio.audio is not None else video.audio)


def _split_sound(importer: Importer, node: ForeignNode) -> Any:
    latent = get_latent(importer, node, "av_latent")
    return latent, latent


def _enlarge(importer: Importer, node: ForeignNode) -> Any:
    latent = get_latent(importer, node, "samples")
    size = [side * 2 if isinstance(side, int) else None for side in (latent.width, latent.height)]
    return replace(latent, width=size[0], height=size[1], scale=(latent.scale or 1.0) * 2)


_SOUND = ("frames_number", "frame_rate", "batch_size")

VIDEO_RULES: dict[str, ImportRule] = {
    **dict.fromkeys(
        ("WanImageToVideo", "WanFirstLastFrameToVideo", "WanFunInpaintToVideo", "HunyuanVideo15ImageToVideo",
         "Kandinsky5ImageToVideo"),
        ImportRule(_condition, _SIZE),
    ),
    "LTXVImgToVideo": ImportRule(_condition, (*_SIZE, "strength")),
    "HunyuanImageToVideo": ImportRule(_condition_one, (*_SIZE, "guidance_type")),
    "SVD_img2vid_Conditioning": ImportRule(
        _condition, ("width", "height", "video_frames", "motion_bucket_id", "fps", "augmentation_level")
    ),
    "Wan22ImageToVideoLatent": ImportRule(_start, _SIZE),
    "CosmosPredict2ImageToVideoLatent": ImportRule(_start, _SIZE),
    "WanVaceToVideo": ImportRule(_follow, (*_SIZE, "strength")),
    "Wan22FunControlToVideo": ImportRule(_follow, _SIZE),
    "MiniMaxH3ImageToVideo": ImportRule(_start_minimax, ("prompt", "width", "height", "length")),
    "MiniMaxH3ReferenceToVideo": ImportRule(_refer_minimax, ("prompt", "width", "height", "length", "ref_image_size")),
    "LTXVConditioning": ImportRule(_set_rate, ("frame_rate",)),
    "LTXVAddGuide": ImportRule(_add_guide, ("frame_idx", "strength")),
    "LTXVImgToVideoInplace": ImportRule(_start_in_place, ("strength", "bypass")),
    "LTXVCropGuides": ImportRule(_pass_all),
    "LTXVPreprocess": ImportRule(_pass_image, ("img_compression",)),
    "LTXVEmptyLatentAudio": ImportRule(_make_sound, _SOUND),
    "LTXVAudioVAEEncode": ImportRule(_encode_sound),
    "LTXVConcatAVLatent": ImportRule(_join_sound),
    "LTXVSeparateAVLatent": ImportRule(_split_sound),
    "LTXVLatentUpsampler": ImportRule(_enlarge),
    "TextGenerateLTX2Prompt": ImportRule(_keep_prompt, ("prompt",)),
}  # fmt: skip
"""What nodes of ComfyUI mean, by class."""
