"""Runs the examples of node types and shows what they make. What is kept between builds is not made again."""

from __future__ import annotations

import html
import json
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from studio.app import Studio, read_settings
from studio.errors import StudioError
from studio.graph import Graph

FOLDER = "reference/media"
_LINK = "../../media/"
_WIDEST = 560
_IMAGES, _SOUNDS, _VIDEOS = {".png", ".jpg", ".webp"}, {".wav", ".flac", ".ogg", ".mp3"}, {".mp4", ".webm"}
_LONGEST_TEXT = 600
_MOST_FILES = 6


class MediaRoom:
    """Runs examples until the time is up, and keeps what they made; the others are shown as an earlier build had them.

    Args:
        folder: Where the cache, the files and lists of what was shown and slow are kept between builds.
        site: The folder of the site's sources; the pictures go into `reference/media` in it.
        seconds: How long all examples together may run.
    """

    def __init__(self, folder: Path, site: Path, seconds: float) -> None:
        self._folder, self._site = folder, site
        self._end = time.monotonic() + seconds
        self._kept = folder / "shown"
        self._slow: dict[str, float] = _read_json(folder / "slow.json")
        self._shown: dict[str, dict[str, Any]] = _read_json(folder / "shown.json")

    def show_examples(self, examples: Iterable[tuple[str, Graph]]) -> dict[str, str]:
        """Return Markdown that shows what the examples make, by the ids of their node types."""
        self._kept.mkdir(parents=True, exist_ok=True)
        settings = read_settings(device="cpu", cache_dir=self._folder / "cache")
        ordered = sorted(examples, key=lambda one: (self._slow.get(one[0], 0.0), one[0] in self._shown))
        with Studio(settings) as studio:
            for name, graph in ordered:
                left = self._end - time.monotonic()
                if left > self._slow.get(name, 0.0):
                    text = self._show(studio, name, graph, left)
                    if text or not self._is_kept(name, graph):
                        files = sorted(set(re.findall(rf"{_LINK}([^)\"]+)", text)))
                        self._shown[name] = {"graph": graph.json, "text": text, "files": files}
        for name, content in (("slow", self._slow), ("shown", self._shown)):
            (self._folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
        return {name: self._copy(name) for name, graph in ordered if self._is_kept(name, graph)}

    def _is_kept(self, name: str, graph: Graph) -> bool:
        kept = self._shown.get(name)
        return (
            kept is not None
            and kept["graph"] == graph.json
            and all((self._kept / one).is_file() for one in kept["files"])
        )

    def _copy(self, name: str) -> str:
        for file in self._shown[name]["files"]:
            place = self._site / FOLDER / file
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._kept / file, place)
        return str(self._shown[name]["text"])

    def _show(self, studio: Studio, name: str, graph: Graph, seconds: float) -> str:
        made = self._folder / "made" / name  # a run leaves files alone that are what it would write
        started = time.monotonic()
        try:
            result = studio.run(graph, output=made, node_timeout_seconds=max(seconds, 0.1), load_outputs=False)
        except StudioError:
            return ""  # the check of examples reports it
        if result.errors:
            self._slow[name] = time.monotonic() - started
            return ""
        files = [record.path for record in result.files if record.path is not None][:_MOST_FILES]
        return "\n\n".join(self._show_file(name, file, number) for number, file in enumerate(files))

    def _show_file(self, name: str, file: Path, number: int) -> str:
        kind = file.suffix.lower()
        if kind in _IMAGES:
            place = self._kept / f"{name}.{number}.webp"
            if not place.is_file() or place.stat().st_mtime_ns < file.stat().st_mtime_ns:
                write_small_image(file, place)
            return f"![{file.stem}]({_LINK}{place.name})"
        if kind in _SOUNDS | _VIDEOS | {".gif"}:
            place = self._kept / f"{name}.{number}{kind}"
            shutil.copyfile(file, place)
            return format_player(file.stem, f"{_LINK}{place.name}", kind)
        return "\n".join(_show_text(file))


def _read_json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def write_small_image(file: Path, place: Path) -> None:
    """Write an image for a page, at most 560 pixels wide; what it carries stays behind."""
    from PIL import Image

    with Image.open(file) as image:
        small = image.convert("RGBA" if "A" in image.getbands() else "RGB")
        small.thumbnail((_WIDEST, _WIDEST))
        small.save(place, quality=82)


def format_player(title: str, target: str, kind: str) -> str:
    """Return what plays audio or a video on a page."""
    if kind == ".gif":
        return f"![{title}]({target})"
    tag = "audio" if kind in _SOUNDS else "video"
    label = html.escape(title, quote=True)
    more = "" if tag == "audio" else ' loop muted playsinline width="560"'
    return f'<{tag} controls preload="metadata"{more} title="{label}" src="{target}"></{tag}>'


def _show_text(file: Path) -> Iterator[str]:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return
    yield f'``` {{ .text title="{file.name}" }}'
    yield text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]} ..."
    yield "```"
