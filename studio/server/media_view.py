"""`MediaView`: what pages show of files: size, length, peaks of audio, a small image; made once for each content."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from studio.batch.previews import describe_media
from studio.errors import MediaError, StudioError, UsageError
from studio.files import replace_file
from studio.server.file_store import FILES_URL, FileStore, StoredFile
from studio.server.hidden_paths import hide_paths
from studio.settings import MediaLimits

_Result = TypeVar("_Result")
_THREADS = 2
_LONGEST_SECONDS = 2 * 3600.0  # nothing is shown of longer audio: to decode it takes too long
_SECONDS_TO_WRITE = 600.0  # in which what is kept of a file may be new, or not whole
_KEYS = {"w": "width", "h": "height", "d": "seconds", "x": "text"}


class MediaView:
    """Describes the files of a server. Every method may be called from any thread.

    Args:
        files: The files.
        folder: Where small images and descriptions are kept; what is missing there is made again.
        limits: Limits of what is decoded.
    """

    def __init__(self, files: FileStore, folder: Path, limits: MediaLimits) -> None:
        self._files = files
        self._folder = folder
        self._limits = limits
        self._known: dict[str, Mapping[str, Any]] = {}
        self._guard = threading.Lock()  # held while a file is decoded
        self._counting = threading.Lock()
        self._threads = CapacityLimiter(_THREADS)
        self._bytes: int | None = None  # of all that is kept; None if it is to be counted

    @property
    def waiting(self) -> int:
        """How many calls of `run` wait for a thread."""
        return self._threads.statistics().tasks_waiting

    async def run(self, function: Callable[..., _Result], *given: Any) -> _Result:
        """Call a function that may decode files in one of few threads, so that others stay free for other requests."""
        return await run_sync(function, *given, limiter=self._threads)

    def describe(self, name: str, shown_name: str = "") -> dict[str, Any]:
        """Return what a page shows of a file.

        Args:
            name: The file, as clients name it.
            shown_name: The name that people know it by.

        Raises:
            UsageError: E812 if it is invalid or unknown.
            MediaError: E511 if it cannot be read.
        """
        file = self._files.find(name)
        facts = self._find_facts(file)
        if "problem" in facts:
            raise MediaError("E511", facts["problem"], hint="open it in another program and save it again")
        return self._show(file, facts, shown_name)

    def describe_kept(self, digest: str, media_type: str, size: int, shown_name: str) -> dict[str, Any]:
        """Return the same of a file that a job made, also if it is gone or cannot be read."""
        name = f"blake3:{digest}"
        try:
            return self.describe(name, shown_name)
        except StudioError as error:
            row = {"url": f"{FILES_URL}/{name}", "key": name, "name": shown_name, "bytes": size}
            return {**row, "media_type": media_type, "type": find_kind(media_type), "why": error.message}

    def count_bytes(self) -> int:
        """Return how many bytes take the small images and descriptions."""
        with self._counting:
            if self._bytes is None:
                self._bytes = sum(_find_size(path) for path in self._folder.glob("??/*"))
            return self._bytes

    def find_thumbnail(self, name: str) -> Path:
        """Return the small image of a file.

        Raises:
            UsageError: E812 if there is none, or the file is invalid or unknown.
        """
        file = self._files.find(name)
        path = self._folder / _name_thumbnail(file.digest)
        if self._find_facts(file).get("has_thumbnail") and not path.is_file():
            self._find_facts(file, again=True)
        if not path.is_file():
            raise UsageError("E812", f"{name[:80]!r} has no small image", hint="only images and videos have one")
        return path

    def forget_unused(self) -> None:
        """Remove what is kept of files that are gone."""
        with self._counting:
            self._bytes = None
        kept = {_name_kept(digest) for digest in self._files.list_digests()}
        limit = time.time() - _SECONDS_TO_WRITE
        for path in self._folder.glob("??/*"):
            with contextlib.suppress(OSError):  # it is replaced, or removed, at this moment
                if f"{path.parent.name}/{path.stem}" not in kept and path.stat().st_mtime < limit:
                    path.unlink()

    def _show(self, file: StoredFile, facts: Mapping[str, Any], shown_name: str) -> dict[str, Any]:
        url = f"{FILES_URL}/{file.name}"
        row: dict[str, Any] = {"url": url, "key": file.name, "name": shown_name, "bytes": file.bytes}
        row |= {"media_type": file.media_type, "type": find_kind(file.media_type)}
        row |= {key: value for key, value in facts.items() if key != "has_thumbnail"}
        return row | ({"still": f"{url}/thumbnail"} if facts.get("has_thumbnail") else {})

    def _find_facts(self, file: StoredFile, *, again: bool = False) -> Mapping[str, Any]:
        known = self._known.get(file.digest)
        if known is not None and not again:
            return known
        with self._guard:  # one at a time: decoding takes memory
            kept = self._folder / f"{_name_kept(file.digest)}.json"
            facts = None if again else _load(kept)
            if facts is None:
                facts = self._read(file)
                kept.parent.mkdir(parents=True, exist_ok=True)
                with replace_file(kept, sync="none") as temporary:
                    temporary.write_text(json.dumps(facts), encoding="utf-8")
                self._count(_find_size(kept) + _find_size(self._folder / _name_thumbnail(file.digest)))
            if len(self._known) > 4096:
                self._known.clear()
            self._known[file.digest] = facts
        return facts

    def _count(self, size: int) -> None:
        with self._counting:
            if self._bytes is not None:
                self._bytes += size

    def _read(self, file: StoredFile) -> dict[str, Any]:
        """Return what is known of a file by reading it."""
        kind = find_kind(file.media_type)
        longest = min(self._limits.max_audio_seconds, _LONGEST_SECONDS)
        limits = replace(self._limits, max_audio_seconds=longest) if kind == "audio" else self._limits
        try:
            found = describe_media(kind, file.path, file.digest, self._folder, limits)
        except StudioError as error:
            if limits != self._limits and "media.max_audio_seconds" in error.hint:
                return {}
            return {"problem": hide_paths(error.message.removeprefix(f"{file.path}: "))}
        except Exception as error:  # a decoder may raise anything
            return {"problem": hide_paths(f"the {kind} cannot be read: {error}")}
        facts = {key: found[name] for name, key in _KEYS.items() if name in found and not isinstance(found[name], list)}
        if kind == "audio" and "w" in found:
            facts = {"seconds": found.get("d"), "peaks": found["w"]}
        return facts | ({"has_thumbnail": True} if "m" in found else {})


def find_kind(media_type: str) -> str:
    """Return how a file is shown: as an image, a video, audio, text or a file."""
    kind = media_type.partition("/")[0]
    if kind in ("image", "video", "audio"):
        return kind
    return "text" if kind == "text" or media_type == "application/json" else "file"


def _name_kept(digest: str) -> str:
    return f"{digest[:2]}/{digest[2:26]}"


def _name_thumbnail(digest: str) -> str:
    return f"{_name_kept(digest)}.webp"


def _find_size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # it is removed at this moment
        return 0


def _load(path: Path) -> dict[str, Any] | None:
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
