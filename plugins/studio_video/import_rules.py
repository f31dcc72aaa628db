"""What ComfyUI's nodes for videos mean."""

from __future__ import annotations

from typing import Any

from studio.api.foreign import ForeignNode, Importer, ImportRule, Made


def _load_video(importer: Importer, node: ForeignNode) -> Any:
    name = importer.get(node, "file") or importer.get(node, "video") or ""
    path = importer.find_media(name) if isinstance(name, str) and name else None
    edge = importer.take(node, "video", "video", {"file": path} if path else None, f"Video; {name} in ComfyUI")
    return Made({"from": edge}, "video", many=True)


def _take_apart(importer: Importer, node: ForeignNode) -> Any:
    video = importer.get(node, "video")
    used = {user.inputs[name].slot for user, name in importer.list_users(node)}
    audio = Made(video.value, "soundtrack") if 1 in used else None
    fps: Any = None
    if 2 in used:
        fps = Made({"from": importer.add(node, "video.info", {"video": video}, name="facts", output="fps")}, "float")
    return video, audio, fps, "8-bit", "auto"


def _make_video(importer: Importer, node: ForeignNode) -> Any:
    """Convert a node that makes a video of frames and audio; frames of a video are that video."""
    frames, audio = importer.get(node, "images"), importer.get(node, "audio")
    fps = importer.get(node, "fps", importer.get(node, "frame_rate", 25.0))
    if isinstance(frames, Made) and frames.kind == "video":
        return _give_audio(importer, node, frames, audio)
    images = frames if frames.many else Made([frames.value], "image", many=True)
    edge = importer.add(
        node, "video.from_frames", {"images": images, "fps": fps, "audio": _take_audio(importer, node, audio)}
    )
    return Made({"from": edge}, "video", many=True)


def _give_audio(importer: Importer, node: ForeignNode, video: Made, audio: Any) -> Made:
    if not isinstance(audio, Made) or audio.value == video.value:
        return video  # its own audio, if it has some
    inputs = {"video": video, "audio": _take_audio(importer, node, audio)}
    return Made({"from": importer.add(node, "video.mux", inputs)}, "video", many=True)


def _take_audio(importer: Importer, node: ForeignNode, audio: Any) -> Any:
    if isinstance(audio, Made) and audio.kind == "soundtrack":
        return Made({"from": importer.add(node, "audio.from_video", {"video": audio.value}, name="audio")}, "audio")
    return audio


def _pass_video(importer: Importer, node: ForeignNode) -> Any:
    return importer.get(node, "video")


def _trim(importer: Importer, node: ForeignNode) -> Any:
    start, length = importer.get(node, "start_time", 0.0), importer.get(node, "duration", 0.0)
    inputs = {"video": importer.get(node, "video"), "start": start, "end": start + length if length else None}
    return Made({"from": importer.add(node, "video.trim", inputs)}, "video", many=True)


RULES: dict[str, ImportRule] = {
    "LoadVideo": ImportRule(_load_video, ("file", "upload")),
    "VHS_LoadVideo": ImportRule(_load_video, ("video",)),
    "GetVideoComponents": ImportRule(_take_apart),
    "CreateVideo": ImportRule(_make_video, ("fps", "bit_depth")),
    "SaveVideo": ImportRule(_pass_video, ("filename_prefix", "format", "codec"), role="output"),
    "SaveWEBM": ImportRule(_make_video, ("filename_prefix", "codec", "fps", "crf"), role="output"),
    "SaveAnimatedWEBP": ImportRule(
        _make_video, ("filename_prefix", "fps", "lossless", "quality", "method"), role="output"
    ),
    "SaveAnimatedPNG": ImportRule(_make_video, ("filename_prefix", "fps", "compress_level"), role="output"),
    "VHS_VideoCombine": ImportRule(_make_video, ("frame_rate", "loop_count", "filename_prefix"), role="output"),
    "Video Slice": ImportRule(_trim, ("start_time", "duration", "strict_duration")),
}
"""What nodes of ComfyUI mean, by class."""
