"""`ContentTrace`: where the content of a result comes from, and what was done to it, along the way it was made.

It follows the calls of a run back from a result, so a branch that was not taken, an entry of a list or the audio of a
video each count for themselves, and what the cache had counts as what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from studio.api import File, Model, NodeType, OutputPath
from studio.api.content_origin import FROM, UNCHANGED, Content, add_statement, find_effect, read_content
from studio.api.type_spec import PLAIN_TYPES
from studio.cache import MISSING
from studio.execution.call import Call, Result

WITHOUT_CONTENT = PLAIN_TYPES | frozenset(("model", "path"))
_IMAGES = frozenset(("image", "mask", "latent"))
_SOURCES = Content.GENERATED | Content.ALGORITHMIC


class Step(NamedTuple):
    """A node that ran on the way to a file, and did something to what the file shows or says.

    Attributes:
        node_type: Its node type.
        software: The distribution of the node type.
        version: The version of that distribution.
        origin: What it did, see `ContentOrigin`.
    """

    node_type: str
    software: str
    version: str
    origin: str


class UsedFile(NamedTuple):
    """A file that was read on the way to another.

    Attributes:
        file: The file.
        is_shown: Whether its content is in the other; a mask only says where.
    """

    file: File
    is_shown: bool


class Steps(NamedTuple):
    """What ran on the way to a file, in the order of running, and the files that were read."""

    steps: tuple[Step, ...] = ()
    files: tuple[UsedFile, ...] = ()


NO_STEPS = Steps()


@dataclass(frozen=True)
class Media:
    """What is known of a value that may hold images and audio.

    Attributes:
        images: What is known of its images.
        audio: What is known of its audio.
        find_steps: Returns what ran on the way to the file that it is written to; None where that is not followed.
    """

    images: Content = Content.NOTHING
    audio: Content = Content.NOTHING
    find_steps: Callable[[], Steps] | None = field(default=None, compare=False, repr=False)

    @property
    def whole(self) -> Content:
        """What is known of both together."""
        return self.images | self.audio


NOTHING = Media()
_GIVEN = Media(Content.GIVEN, Content.GIVEN)


class MediaInput(NamedTuple):
    """An input that may hold media."""

    name: str
    is_mask: bool
    is_file: bool


class ContentTrace:
    """Finds what the results of a run are made of.

    Args:
        load: Returns the value of a result; may raise anything.
        split: Returns the entries of a result that is a list; may raise anything. Without it, a list that was handed on
            counts as one.
    """

    def __init__(
        self, load: Callable[[Result], Any], split: Callable[[Result], Sequence[Result]] | None = None
    ) -> None:
        self._load, self._split = load, split
        self._known: dict[int, tuple[Result, Media]] = {}  # the result keeps its id from reuse

    def find(self, result: Result) -> Media:
        """Return what is known of a result."""
        known = self._known
        stack = [result]
        while stack:
            one = stack[-1]
            if id(one) not in known:
                missing = [source for source in find_sources(one) if id(source) not in known]
                if missing:
                    stack += missing
                    continue
                known[id(one)] = one, self._derive(one)
            stack.pop()
        return known[id(result)][1]

    def find_each(self, result: Result) -> list[Media]:
        """Return what is known of a result, or of each entry of a list of results, in the order of its files."""
        return [self.find(one) for one in self.list_parts(result)]

    def list_parts(self, result: Result) -> list[Result]:
        """Return a result, or what each entry of a list of results is, in the order of its files."""
        entries = self._list_entries(result)
        return [result] if entries is None else [one for entry in entries for one in self.list_parts(entry)]

    def _list_entries(self, result: Result) -> Sequence[Result] | None:
        """Return the entries of a list that was put together or handed on; None for what counts as one."""
        if result.gathered:
            return result.entries or ()
        call = result.call
        if self._split is None or call is None or call.node_type.content_origin != UNCHANGED:
            return None
        if not _is_list(call, result):
            return None
        try:
            return self._split(result)
        except Exception:  # lost values, codecs of plugins
            return None

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
        same, call = None, parent.call
        if call is not None and call.node_type.content_origin == UNCHANGED:
            same = self._find_same(call, result)
        return self._known[id(parent)][1] if same is None else same

    def _find_same(self, call: Call, result: Result) -> Media | None:
        """Return what is known of those media among the inputs of a call that are equal to a result, or None."""
        found = [self.find(one) for one in self.list_same(call, result)]
        return join_media(found) if found else None

    def list_same(self, call: Call, result: Result) -> list[Result]:
        """Return what is equal to a result among the inputs of a call, entries of lists too."""
        return [one for one in self._iterate_entries(call.args.values()) if one.digest == result.digest]

    def _iterate_entries(self, results: Iterable[Result]) -> Iterator[Result]:
        """Yield results, and the entries of lists."""
        pending = list(results)
        while pending:
            one = pending.pop()
            yield one
            pending += self._list_entries(one) or ()

    def _derive_call(self, call: Call, result: Result) -> Media:
        node_type = call.node_type
        name, kind = find_output(call, result)
        if kind in WITHOUT_CONTENT:
            return NOTHING
        if node_type.content_origin == UNCHANGED and (same := self._find_same(call, result)) is not None:
            return same
        inherited = self.find_inputs(node_type, call.args)
        origin = self.find_origin(node_type, call.args, inherited)
        own, audio = origin, UNCHANGED
        if not isinstance(origin, str):
            own, audio = origin.get(name, "edited"), origin.get(f"{name}.audio", UNCHANGED)
        images = self._select(own, node_type, call.args, inherited).images
        sound = self._select(own if kind == "audio" else audio, node_type, call.args, inherited).audio
        return _apply(images, sound, own, audio, kind)

    def _select(self, origin: Any, node_type: NodeType, args: Mapping[str, Result], inherited: Media) -> Media:
        """Return what is known of what is handed on: all that a call was given, or one input."""
        if not origin.startswith(FROM):
            return inherited
        name = origin.removeprefix(FROM)
        return self.find_inputs(node_type, {name: args[name]}) if name in args else NOTHING

    def find_inputs(self, node_type: NodeType, args: Mapping[str, Result]) -> Media:
        """Return what is known of the media that a call is given. A mask counts only if there are no other images."""
        found: list[Media] = []
        masks: list[Media] = []
        for name, is_mask, is_file in list_media_inputs(node_type):
            result = args.get(name)
            if result is None:
                continue
            if is_file:
                found += [self._read(result)] if node_type.content_origin == "captured" else []
            else:
                (masks if is_mask else found).append(self.find(result))
        joined = join_media(found)
        return join_media((joined, *masks)) if masks and not joined.images else joined

    def _read(self, result: Result) -> Media:
        """Return what files say of themselves."""
        content = Content.NOTHING
        for one in iterate(self.find_plain(result)):
            if isinstance(one, File):
                content |= add_statement(read_content(one.path), one.origin)
        return Media(content, content) if content else _GIVEN

    def find_origin(self, node_type: NodeType, args: Mapping[str, Result], inherited: Media) -> str | Mapping[str, str]:
        """Return what a call does to its outputs, or to each output by name.

        Args:
            node_type: Its node type.
            args: Its inputs.
            inherited: What is known of the media among them.
        """
        declared = node_type.content_origin
        if isinstance(declared, str | Mapping):
            return declared
        if declared is None:
            return _guess_origin(node_type, args, inherited)
        plain = {name: end.default for name, end in node_type.inputs.items() if end.spec.name in WITHOUT_CONTENT}
        plain |= {name: self.find_plain(args[name]) for name in plain if name in args}
        try:
            return declared({name: None if value is MISSING else value for name, value in plain.items()})
        except Exception:  # a function of a plugin may raise anything; nothing else is known then
            return _guess_origin(node_type, args, inherited)

    def find_plain(self, result: Result) -> Any:
        """Return a small value, MISSING if the cache lost it."""
        try:
            return self._load(result)
        except Exception:  # lost values, codecs of plugins
            return MISSING


def join_media(many: Iterable[Media]) -> Media:
    """Return what is known of several values together."""
    first, *others = tuple(many) or (NOTHING,)
    if not others:
        return first
    images, audio = first.images, first.audio
    for one in others:
        images |= one.images
        audio |= one.audio
    return Media(images, audio)


@lru_cache(maxsize=4096)
def list_media_inputs(node_type: NodeType) -> tuple[MediaInput, ...]:
    """Return the inputs of a node type that may hold media."""
    return tuple(
        MediaInput(end.name, end.spec.name == "mask", end.spec.name == "file")
        for end in node_type.inputs.values()
        if end.spec.name not in WITHOUT_CONTENT
    )


def find_sources(result: Result) -> Iterable[Result]:
    """Return the results from which the content of a result comes."""
    if result.gathered:
        return result.entries or ()
    if result.parent is not None:
        return (result.parent,)
    call = result.call
    if call is None or find_output(call, result)[1] in WITHOUT_CONTENT:
        return ()
    args = call.args
    return [args[end.name] for end in list_media_inputs(call.node_type) if end.name in args]


def find_output(call: Call, result: Result) -> tuple[str, str]:
    """Return the name of the output that a result is of its call, and the name of its type."""
    outputs = call.state.node.outputs
    for name, one in call.results.items():
        if one is result:
            return name, outputs[name].name if name in outputs else "any"
    return "", "any"


def _is_list(call: Call, result: Result) -> bool:
    """Return whether a result is an output of its call that holds several media."""
    name, kind = find_output(call, result)
    return kind not in WITHOUT_CONTENT and name in call.state.node.outputs and call.state.node.outputs[name].depth > 0


def _guess_origin(node_type: NodeType, args: Mapping[str, Result], inherited: Media) -> str:
    """Return the origin of a node type that does not say."""
    models = [name for name, end in node_type.inputs.items() if end.spec.name == "model" and _is_given(end, args)]
    if models:
        return "altered" if inherited.whole else "generated"
    return "edited"


def _is_given(end: Any, args: Mapping[str, Result]) -> bool:
    return end.default is not None or (end.name in args and args[end.name].value is not None)


@lru_cache(maxsize=4096)
def _apply(images: Content, sound: Content, own_origin: str, audio_origin: str, kind: str) -> Media:
    """Return what is known of an output after a call.

    What reaches it in the other medium counts where there is none of its own, unless the call makes all of it.

    Args:
        images: What is known of the images that the call hands on.
        sound: What is known of the audio that it hands on.
        own_origin: What it does to the output.
        audio_origin: What it does to the audio of a video.
        kind: The name of the output's type.
    """
    own, audio = find_effect(own_origin), find_effect(audio_origin)
    is_source = bool(own & _SOURCES)
    if kind == "audio":
        return Media(audio=(sound or _unless(is_source, images)) | own)
    if kind in _IMAGES:
        return Media((images or _unless(is_source, sound)) | own)
    if kind == "video":
        sound = sound | audio if sound or audio & _SOURCES else Content.NOTHING
        return Media((images or _unless(is_source, sound)) | own, sound)
    if not images | sound:
        return Media(own, own)
    return Media(_add(images, own), _add(sound, own))


def _unless(condition: bool, content: Content) -> Content:
    return Content.NOTHING if condition else content


def _add(content: Content, effect: Content) -> Content:
    return content | effect if content else content


def _holds_media(value: Any) -> bool:
    """Return whether a value that nothing in the run made holds media: one from a caller."""
    return any(
        one is not None and not isinstance(one, str | int | float | dict | Model | File | OutputPath)
        for one in iterate(value)
    )


def iterate(value: Any) -> Iterator[Any]:
    """Yield a value, or those in a list, however deep."""
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, list | tuple):
            pending += one
        else:
            yield one
