"""What ComfyUI's nodes for audio mean."""

from __future__ import annotations

from typing import Any

from studio.api.foreign import ForeignNode, Importer, ImportRule, Made


def _take(importer: Importer, node: ForeignNode, name: str) -> Any:
    """Return the audio at an input; audio of a video is taken out of it."""
    audio = importer.get(node, name)
    if isinstance(audio, Made) and audio.kind == "soundtrack":
        edge = importer.add(node, "audio.from_video", {"video": audio.value}, name="audio")
        return Made({"from": edge}, "audio")
    return audio


def _load_audio(importer: Importer, node: ForeignNode) -> Any:
    name = importer.get(node, "audio", "")
    path = importer.find_media(name) if isinstance(name, str) and name else None
    edge = importer.take(node, "audio", "audio", {"file": path} if path else None, f"Audio; {name} in ComfyUI")
    return Made({"from": edge}, "audio")


def _pass_audio(importer: Importer, node: ForeignNode) -> Any:
    return _take(importer, node, "audio")


def _trim(importer: Importer, node: ForeignNode) -> Any:
    inputs = {"audio": _take(importer, node, "audio"), "start": importer.get(node, "start_index", 0.0)}
    seconds = importer.get(node, "duration", 60.0)
    return Made({"from": importer.add(node, "audio.trim", {**inputs, "seconds": seconds})}, "audio")


def _concatenate(importer: Importer, node: ForeignNode) -> Any:
    parts = [_take(importer, node, "audio1"), _take(importer, node, "audio2")]
    if importer.get(node, "direction", "after") == "before":
        parts.reverse()
    return Made({"from": importer.add(node, "audio.concatenate", {"audios": parts})}, "audio")


def _make_silence(importer: Importer, node: ForeignNode) -> Any:
    return Made(
        {"from": importer.add(node, "audio.silence", {"seconds": importer.get(node, "duration", 60.0)})}, "audio"
    )


_SAVED = ImportRule(_pass_audio, ("filename_prefix", "format", "quality"), role="output")

RULES: dict[str, ImportRule] = {
    **dict.fromkeys(("SaveAudio", "SaveAudioMP3", "SaveAudioOpus", "SaveAudioAdvanced"), _SAVED),
    **dict.fromkeys(("LoadAudio", "RecordAudio"), ImportRule(_load_audio, ("audio",))),
    "PreviewAudio": ImportRule(_pass_audio, role="viewer"),
    "TrimAudioDuration": ImportRule(_trim, ("start_index", "duration")),
    "AudioConcat": ImportRule(_concatenate, ("direction",)),
    "EmptyAudio": ImportRule(_make_silence, ("duration", "sample_rate", "channels")),
}
"""What nodes of ComfyUI mean, by class."""
