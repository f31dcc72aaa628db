"""`ContentTrace`: where the content of a result comes from, and what was done to it, along the way it was made.

It follows the calls of a run back from a result, so a branch that was not taken, an entry of a list or the audio of a
video each count for themselves, and what the cache had counts as what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from studio.api import File, Model, NodeType, OutputPath, TypeSpec
from studio.api.content_origin import FROM, UNCHANGED, Content, find_effect, read_content
from studio.api.type_spec import PLAIN_TYPES
from studio.cache import MISSING
from studio.execution.call import Call, Result

_WITHOUT_CONTENT = PLAIN_TYPES | frozenset(("model", "path"))
_IMAGES, _AUDIO = frozenset(("image", "mask", "latent")), frozenset(("audio",))


@dataclass(frozen=True)
class Media:
    """What is known of a value that may hold images and audio.

    Attributes:
        images: What is known of its images.
        audio: What is known of its audio.
    """

    images: Content = Content.NOTHING
    audio: Content = Content.NOTHING

    def __or__(self, other: Media) -> Media:
        return Media(self.images | other.images, self.audio | other.audio)

    @property
    def whole(self) -> Content:
        """What is known of both together."""
        return self.images | self.audio


NOTHING = Media()
_GIVEN = Media(Content.GIVEN, Content.GIVEN)


class ContentTrace:
    """Finds what the results of a run are made of.

    Args:
        load: Returns the value of a result; may raise anything.
    """

    def __init__(self, load: Callable[[Result], Any]) -> None:
        self._load = load
        self._known: dict[int, tuple[Result, Media]] = {}  # the result keeps its id from reuse

    def find(self, result: Result) -> Media:
        """Return what is known of a result."""
        stack = [result]
        while stack:
            one = stack[-1]
            if id(one) in self._known:
                stack.pop()
                continue
            missing = [source for source in _find_sources(one) if id(source) not in self._known]
            if missing:
                stack += missing
                continue
            self._known[id(one)] = one, self._derive(one)
            stack.pop()
        return self._known[id(result)][1]

    def find_each(self, result: Result) -> list[Media]:
        """Return what is known of a result, or of each entry of a list of results, in the order of its files."""
        if not result.gathered:
            return [self.find(result)]
        return [media for entry in result.entries or () for media in self.find_each(entry)]

    def find_inputs(self, node_type: NodeType, args: Mapping[str, Result]) -> Media:
        """Return what is known of the media that a call is given, all together."""
        return self._join(node_type, {name: (result, self.find(result)) for name, result in args.items()})

    def _derive(self, result: Result) -> Media:
        if result.gathered:
            return join_media(self._known[id(entry)][1] for entry in result.entries or ())
        if result.parent is not None:
            return self._find_entry(result, result.parent)
        if result.call is not None:
            return self._derive_call(result.call, result)
        return _GIVEN if result.value is not MISSING and _holds_media(result.value) else NOTHING

    def _find_entry(self, result: Result, parent: Result) -> Media:
        """Return what is known of an entry of a list: if the list was handed on, that of what it was there."""
        call = parent.call
        same = (
            self._find_same(call, result) if call is not None and call.node_type.content_origin == UNCHANGED else None
        )
        return self._known[id(parent)][1] if same is None else same

    def _find_same(self, call: Call, result: Result) -> Media | None:
        """Return what is known of those media among the inputs of a call that are equal to a result, or None."""
        found = [self.find(one) for one in _iterate_entries(call.args.values()) if one.digest == result.digest]
        return join_media(found) if found else None

    def _derive_call(self, call: Call, result: Result) -> Media:
        node_type = call.node_type
        name = next((name for name, one in call.results.items() if one is result), "")
        spec = call.state.node.outputs.get(name, TypeSpec("any"))
        if spec.name in _WITHOUT_CONTENT:
            return NOTHING
        args = {name: (one, self._known[id(one)][1]) for name, one in call.args.items()}
        inherited = self._join(node_type, args)
        if node_type.content_origin == UNCHANGED and (same := self._find_same(call, result)) is not None:
            return same
        origin = self._find_origin(node_type, args, inherited)
        if isinstance(origin, str):
            origin = {name: origin}
        own, audio = origin.get(name, "edited"), origin.get(f"{name}.audio", "unchanged")
        inherited = Media(
            self._select(own, node_type, args, inherited).images,
            self._select(own if spec.name in _AUDIO else audio, node_type, args, inherited).audio,
        )
        return _apply(inherited, find_effect(own), find_effect(audio), spec)

    def _select(
        self, origin: str, node_type: NodeType, args: Mapping[str, tuple[Result, Media]], inherited: Media
    ) -> Media:
        """Return what is known of what is handed on: all that a call was given, or one input."""
        name = origin.removeprefix(FROM)
        if name == origin:
            return inherited
        return self._join(node_type, {name: args[name]}) if name in args else NOTHING

    def _join(self, node_type: NodeType, args: Mapping[str, tuple[Result, Media]]) -> Media:
        """Return what is known of the media that reach a call. A mask counts only if there are no other images."""
        found, masks = NOTHING, NOTHING
        for name, (result, media) in args.items():
            spec = node_type.inputs[name].spec if name in node_type.inputs else None
            if spec is None or spec.name in _WITHOUT_CONTENT:
                continue
            if spec.name == "file":
                found |= self._read(result) if node_type.content_origin == "captured" else NOTHING
            elif spec.name == "mask":
                masks |= media
            else:
                found |= media
        return found if found.images else found | masks

    def _read(self, result: Result) -> Media:
        """Return what files say of themselves."""
        content = Content.NOTHING
        pending = [self._find_plain(result)]
        while pending:
            one = pending.pop()
            if isinstance(one, File):
                content |= read_content(one.path)
            elif isinstance(one, list | tuple):
                pending += one
        content = content or Content.GIVEN
        return Media(content, content)

    def _find_origin(
        self, node_type: NodeType, args: Mapping[str, tuple[Result, Media]], inherited: Media
    ) -> str | Mapping[str, str]:
        declared = node_type.content_origin
        if isinstance(declared, str | Mapping):
            return declared
        if declared is None:
            return _guess_origin(node_type, {name: result for name, (result, _) in args.items()}, inherited)
        plain = {name: end.default for name, end in node_type.inputs.items() if end.spec.name in _WITHOUT_CONTENT}
        plain |= {name: self._find_plain(args[name][0]) for name in plain if name in args}
        try:
            return declared({name: None if value is MISSING else value for name, value in plain.items()})
        except Exception:  # a function of a plugin may raise anything; nothing else is known then
            return _guess_origin(node_type, {name: result for name, (result, _) in args.items()}, inherited)

    def _find_plain(self, result: Result) -> Any:
        """Return a small value, MISSING if the cache lost it."""
        try:
            return self._load(result)
        except Exception:  # lost values, codecs of plugins
            return MISSING


def _find_sources(result: Result) -> Iterable[Result]:
    """Return the results that a result's content comes from."""
    if result.gathered:
        return result.entries or ()
    if result.parent is not None:
        return (result.parent,)
    return result.call.args.values() if result.call is not None else ()


def _iterate_entries(results: Iterable[Result]) -> Iterator[Result]:
    """Yield results, and the entries of lists that were put together from results."""
    pending = list(results)
    while pending:
        one = pending.pop()
        yield one
        if one.gathered:
            pending += one.entries or ()


def _guess_origin(node_type: NodeType, args: Mapping[str, Result], inherited: Media) -> str:
    """Return the origin of a node type that does not say."""
    models = [name for name, end in node_type.inputs.items() if end.spec.name == "model" and _is_given(end, args)]
    if models:
        return "altered" if inherited.whole else "generated"
    return "edited"


def _is_given(end: Any, args: Mapping[str, Result]) -> bool:
    return end.default is not None or (end.name in args and args[end.name].value is not None)


def _apply(inherited: Media, own: Content, audio: Content, spec: TypeSpec) -> Media:
    """Return what is known of an output after a call.

    What reaches it in the other medium counts where there is none of its own, unless the call makes all of it.

    Args:
        inherited: What is known of the media that the call was given.
        own: What it does to the output.
        audio: What it does to the audio of a video.
        spec: The output's type.
    """
    is_source = bool(own & (Content.GENERATED | Content.ALGORITHMIC))
    if spec.name in _AUDIO:
        return Media(audio=(inherited.audio or _unless(is_source, inherited.images)) | own)
    images = inherited.images or _unless(is_source, inherited.audio)
    if spec.name in _IMAGES:
        return Media(images | own)
    if spec.name == "video":
        made = inherited.audio or audio & (Content.GENERATED | Content.ALGORITHMIC)
        return Media(images | own, inherited.audio | audio if made else Content.NOTHING)
    if not inherited.whole:
        return Media(own, own)
    return Media(_add(inherited.images, own), _add(inherited.audio, own))


def _unless(condition: bool, content: Content) -> Content:
    return Content.NOTHING if condition else content


def _add(content: Content, effect: Content) -> Content:
    return content | effect if content else content


def join_media(many: Iterable[Media]) -> Media:
    """Return what is known of several values together."""
    found = NOTHING
    for one in many:
        found |= one
    return found


def _holds_media(value: Any) -> bool:
    """Return whether a value that nothing in the run made holds media: one from a caller."""
    return any(
        one is not None and not isinstance(one, str | int | float | dict | Model | File | OutputPath)
        for one in _iterate(value)
    )


def _iterate(value: Any) -> Iterator[Any]:
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, list | tuple):
            pending += one
        else:
            yield one
