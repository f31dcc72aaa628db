"""`Marking`: puts a mark into generated media as they are written, and keeps records by mark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from blake3 import blake3

from studio.api.content_origin import Content, find_source_type
from studio.api.marks import MarkedMedium, MarkRequest, MediaMarker
from studio.errors import MediaError, PluginError, RunError, StudioError, describe_raised
from studio.execution.content import Media
from studio.plugin_code import mark_plugin_call
from studio.provenance.mark_records import MarkRecord, MarkRecords
from studio.registry import load_file_functions
from studio.settings import Settings, find_data_folder

GENERATED = "generated"
"""The value of the setting `mark` that marks what is generated."""
_HOOK = "studio_marks"
_TERMS = ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia")


@dataclass(frozen=True)
class Mark:
    """The mark of a file that is about to be written.

    Attributes:
        number: 16 hexadecimal digits, or "" for no mark.
        method: Names the method in content credentials.
        doubt: Why a generated medium has no mark, or "".
    """

    number: str = ""
    method: str = ""
    doubt: str = ""


NO_MARK = Mark()


class Marking:
    """Marks media. Threads may share it.

    Args:
        markers: What plugins mark media with, each with the plugin's name.
        records: Where records are kept by mark.
    """

    def __init__(self, markers: Sequence[tuple[str, MediaMarker]], records: MarkRecords) -> None:
        self._markers = tuple(markers)
        self._records = records
        parts = [f"{plugin}\0{marker.method}\0{marker.identity}" for plugin, marker in self._markers]
        self.key = blake3("\n".join(parts).encode()).hexdigest()

    def mark(self, value: Any, media: Media, seed: str) -> tuple[Any, Mark]:
        """Return a medium with its mark; the same medium where nothing in it is generated.

        Args:
            value: The medium.
            media: What it is made of.
            seed: What the number follows from.

        Raises:
            StudioError: What a plugin raises; E775 where it fails in another way.
        """
        images, audio = _is_generated(media.images), _is_generated(media.audio)
        if not images and not audio:
            return value, NO_MARK
        request = MarkRequest(seed.encode(), images, audio)
        for plugin, marker in self._markers:
            try:
                found = _call(plugin, marker, value, request)
            except MediaError as error:
                return value, Mark(doubt=f"not marked: {error.message}")
            if found is not None:
                return found.value, Mark(found.mark, marker.method)
        return value, Mark(doubt="not marked: no plugin marks it")

    def keep(self, record: MarkRecord) -> None:
        """Keep what is known of a marked file."""
        self._records.keep(record)


def _is_generated(content: Content) -> bool:
    return find_source_type(content) in _TERMS


def _call(plugin: str, marker: MediaMarker, value: Any, request: MarkRequest) -> MarkedMedium | None:
    try:
        with mark_plugin_call():
            found = marker.mark(value, request)
        if found is not None and not (isinstance(found, MarkedMedium) and isinstance(found.value, type(value))):
            raise TypeError(f"{found!r} is not a marked {type(value).__name__}")
    except StudioError:
        raise
    except Exception as error:  # a plugin may raise anything
        message = f"plugin {plugin!r}: {_HOOK} {describe_raised(error)}"
        raise RunError("E775", message, hint="report it to the plugin's author, or unset mark") from error
    return found


def open_mark_records(settings: Settings) -> MarkRecords:
    """Return the records of marked files that were written on this machine."""
    folder = find_data_folder("provenance", settings.data_dir)
    return MarkRecords(folder / "marks" if folder is not None else None)


def load_marking(settings: Settings) -> Marking | None:
    """Return what marks files, or None if the settings say that they are not marked.

    Raises:
        PluginError: E206 or E212 if a plugin that marks media fails, or there is none.
        StudioError: What such a plugin raises, as for a key that is too short.
    """
    if settings.mark != GENERATED:
        return None
    found: list[tuple[str, MediaMarker]] = []
    loaded = load_file_functions(
        _HOOK, settings.disabled_plugins, settings.plugins_dir, settings.plugins, settings.data_dir
    )
    for plugin, call_hook in loaded:
        try:
            found += [(plugin, _check_marker(marker)) for marker in call_hook()]
        except StudioError:
            raise
        except (Exception, SystemExit) as error:  # a plugin may raise anything
            message = f"plugin {plugin!r}: {_HOOK} {describe_raised(error)}"
            raise PluginError("E212", message, hint="disable the plugin, or report it to its author") from error
    if not found:
        hint = "enable studio-provenance, or unset mark"
        raise PluginError("E212", f"mark is {GENERATED!r}, and no plugin marks media", hint=hint)
    return Marking(found, open_mark_records(settings))


def _check_marker(value: object) -> MediaMarker:
    if not isinstance(value, MediaMarker):
        raise TypeError(f"{value!r} is not a MediaMarker")
    return value
