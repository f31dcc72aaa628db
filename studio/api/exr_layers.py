"""Layers of OpenEXR files: channels by the name before the last dot, and which of them are colors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from studio.api.formats.exr import ExrFile
from studio.errors import MediaError
from studio.suggestion import suggest

_WORDS = {"red": "r", "green": "g", "blue": "b", "alpha": "a"}
_COLORS = (("r", "g", "b"), ("y", "ry", "by"), ("x", "y", "z"), ("r", "g"), ("u", "v"), ("x", "y"), ("y",))
"""Channels that make an image, by their last names; the first that a layer has are taken."""
_MOST_NAMED = 40


@dataclass(frozen=True)
class Layer:
    """Channels of a part that make an image.

    Attributes:
        name: The name of the layer; "" for the plain channels of a file.
        part: The number of the part, from 0.
        channels: Whole names: red, green, blue and alpha, or grey and alpha, or two of a vector.
        has_alpha: Whether the last channel is alpha.
        is_chroma: Whether the channels are luminance and two of chroma.
        doubts: What of the file is left out.
    """

    name: str
    part: int
    channels: tuple[str, ...]
    has_alpha: bool = False
    is_chroma: bool = False
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Group:
    """Channels of one part with one name before the last dot."""

    name: str
    part: int
    prefix: str
    channels: tuple[str, ...]


def find_layer(file: ExrFile, wanted: str) -> Layer:
    """Return the layer or the channel of a name; MediaError E511 if the file lacks it.

    Args:
        file: The headers of a file.
        wanted: The name; "" for the plain color channels, or the only layer.
    """
    groups = _list_groups(file)
    if not wanted:
        return _find_main(groups)
    for group in groups:
        if wanted in (group.name, f"{file.parts[group.part].name}.{group.prefix}"):
            if (made := _make_layer(group)) is None:
                message = f"layer {wanted!r} has the channels {_join(group.channels)}, which are not an image"
                raise MediaError("E511", message, hint="name one of them as the layer")
            return made
    for group in groups:
        if wanted in group.channels:
            return Layer(wanted, group.part, (wanted,))
    names = list(_name_layers(groups))
    hint = suggest(wanted, names) or f"the file has {_join(names) or 'its plain color channels alone'}"
    raise MediaError("E511", f"unknown layer {wanted!r} (the file has {_join(names) or 'none'})", hint=hint)


def list_layers(file: ExrFile) -> list[str]:
    """Return the names that `find_layer` takes, beside ""."""
    return list(_name_layers(_list_groups(file)))


def _list_groups(file: ExrFile) -> list[_Group]:
    found: list[_Group] = []
    for index, part in enumerate(file.parts):
        prefixes: dict[str, list[str]] = {}
        for channel in part.channels:
            prefixes.setdefault(channel.name.rpartition(".")[0], []).append(channel.name)
        for prefix, names in prefixes.items():
            plain = (part.name or f"part {index + 1}") if file.is_multipart else ""
            name = prefix or plain
            if prefix and any(group.name == name for group in found):
                name = f"{plain}.{prefix}"
            found.append(_Group(name, index, prefix, tuple(names)))
    return found


def _find_main(groups: Sequence[_Group]) -> Layer:
    """Return the plain color channels, or the only layer."""
    plain = [group for group in groups if not group.prefix] or list(groups)
    made = [(group, layer) for group in plain if (layer := _make_layer(group)) is not None]
    if not made or (len(made) > 1 and made[0][0].prefix):
        names = _join(list(_name_layers(groups)))
        message = f"the file has no plain color channels (its layers are {names})"
        raise MediaError("E511", message, hint='choose one: "layer" of image.load')
    group, layer = made[0]
    others = [each for each in groups if each is not group]
    rest = [*(name for name in group.channels if name not in layer.channels), *_name_layers(others)]
    doubt = f'left out: {_join(rest)}; "layer" of image.load reads each' if rest else ""
    return Layer(layer.name, layer.part, layer.channels, layer.has_alpha, layer.is_chroma, (doubt,) if doubt else ())


def _name_layers(groups: Iterable[_Group]) -> Iterable[str]:
    for group in groups:
        made = _make_layer(group)
        if made is not None and group.name:
            yield group.name
        yield from (name for name in group.channels if made is None or name not in made.channels)


def _make_layer(group: _Group) -> Layer | None:
    ends: dict[str, str] = {}
    for name in group.channels:
        end = name.rpartition(".")[2].lower()
        ends.setdefault(_WORDS.get(end, end), name)
    for colors in _COLORS:
        if set(colors) <= set(ends):
            alpha = [ends["a"]] if "a" in ends and colors[0] in ("r", "y") and len(colors) != 2 else []
            chosen = (*(ends[each] for each in colors), *alpha)
            return Layer(group.name, group.part, chosen, bool(alpha), "ry" in colors)
    return Layer(group.name, group.part, group.channels) if len(group.channels) == 1 else None


def _join(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(repr(name[:80]) for name in names[:_MOST_NAMED]) + more
