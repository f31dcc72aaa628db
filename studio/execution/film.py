"""Maps a node type over the frames of a film, in constant memory; dear frames are cached until all are done."""

from __future__ import annotations

import time as clock
from collections.abc import Generator, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from studio.api import Frame, Image, Video, is_out_of_memory
from studio.api.node_type import call_node_type
from studio.api.type_spec import ValueProblem, check_value
from studio.cache import MISSING, Action
from studio.errors import StudioError
from studio.execution.call import Call
from studio.execution.fingerprint import UNDIGESTED
from studio.execution.progress import FrameProgress
from studio.execution.promise import find_limit, is_promising

if TYPE_CHECKING:
    from studio.execution.run import Run

_FRAME_OF = "frame of"  # in the parts of an action: the film that the frame was made for,
_NEW = "new blobs"  # and which of its blobs were made for it
_TRIED_FRAMES = 3
_PACE = 0.1


def map_film(run: Run, call: Call, inputs: Mapping[str, Any]) -> Any:
    """Run a call for every frame; return what the node type would return, with films and lists for its outputs.

    A film is promised, or written as it is made. Every output is one pass over the frames; what a node type has
    more of comes from the cache, or is computed again where frames are cheap or the run keeps nothing.
    """
    film = _Film(run, call, inputs)
    names = list(call.node_type.outputs)
    pictures = [name for name in names if call.state.node.outputs[name].name == "video"]
    if len(names) == len(pictures) == 1 and is_promising(run, call, names[0], promised := film.make_video(names[0])):
        return (promised,) if call.node_type.named else promised
    outputs: dict[str, Any] = {name: run.cache.settle(film.make_video(name)) for name in pictures}
    plain = [name for name in names if name not in pictures]
    if plain:
        rows = [[values[name] for name in plain] for _, values in film.run_frames()]
        outputs |= {name: [row[index] for row in rows] for index, name in enumerate(plain)}
    film.forget_frames()
    return tuple(outputs[name] for name in names) if call.node_type.named else outputs[names[0]]


class _Film:
    def __init__(self, run: Run, call: Call, inputs: Mapping[str, Any]) -> None:
        self.run = run
        self.call = call
        bound = call.state.node.inputs
        self.films = {n: v for n, v in inputs.items() if n in bound and bound[n].stream and isinstance(v, Video)}
        self.rows = {n: v for n, v in inputs.items() if n in bound and bound[n].stream and isinstance(v, list)}
        self.others = {n: v for n, v in inputs.items() if n not in self.films and n not in self.rows}
        self.digests = run.find_digests(call)
        self.first: dict[str, Any] | None = None
        self.tried: list[float] = []
        self.pace = 0.0
        self.kept: set[str] = set()
        self.blobs: set[str] = set()

    def make_video(self, name: str) -> Video:
        """Return the film of one output; its size is known once the first frame is."""
        image: Image = self.find_first()[name]
        lead = next(iter(self.films.values()))

        def frames() -> Iterator[Frame]:
            for time, values in self.run_frames():
                yield Frame(values[name], time)

        return Video(
            frames,
            width=image.width,
            height=image.height,
            channels=image.channels,
            rate=lead.rate,
            count=lambda: lead.count,
            audio=lambda: lead.audio,
        )

    def find_first(self) -> dict[str, Any]:
        """Return what the first frame becomes; it says how large the film is."""
        if self.first is None:
            stream = self.run_frames()
            try:
                _, first = next(stream, (0.0, None))
            finally:
                stream.close()
            if first is None:
                raise StudioError("E504", "the film has no frames")
            self.first = first
        return self.first

    def is_cheap(self) -> bool:
        """Say whether frames have turned out to be cheap."""
        limit = self.find_limit()
        return bool(self.tried) and min(self.tried) < limit and self.pace <= limit

    def find_limit(self) -> float:
        """Return the seconds from which on a frame is kept."""
        film = next(iter(self.films.values()))
        return find_limit(self.run, film.width, film.height)

    def run_frames(self) -> Generator[tuple[float, dict[str, Any]], None, None]:
        """Yield time and outputs of each frame, in order."""
        total = next((film.count for film in self.films.values() if film.count), 0)
        assert self.call.context is not None
        progress = FrameProgress(self.call.context.step, total)
        rows = self.read_rows()
        size, known = 1, self.first
        while stack := list(islice(rows, size)):
            made = [known] if known is not None else self.run_stack([images for _, images in stack])
            known = None
            for (time, _), values in zip(stack, made, strict=True):
                self.call.context.wait()
                progress.add(next((v for v in values.values() if isinstance(v, Image)), None))
                yield time, values
            size = self.find_stack_limit()

    def read_rows(self) -> Iterator[tuple[float, dict[str, Any]]]:
        """Yield the time of each frame and what is taken with it, frames and entries of lists."""
        streams = {name: film.frames() for name, film in self.films.items()}
        done = 0
        while True:
            frames = {name: next(stream, None) for name, stream in streams.items()}
            present = {name: frame for name, frame in frames.items() if frame is not None}
            if not present:
                self.check_rows(done)
                return
            if len(present) < len(frames):
                ended = ", ".join(sorted(set(frames) - set(present)))
                raise StudioError(
                    "E308",
                    f"films of unequal length: {ended} ended after {done} frames",
                    hint="trim them to one length first",
                )
            images = {name: frame.image for name, frame in present.items()}
            yield next(iter(present.values())).time, images | self.find_entries(done)
            done += 1

    def find_stack_limit(self) -> int:
        """Return how many frames run at once: one unless the node type stacks."""
        batch = self.call.node_type.batch
        if batch is None or not set(batch.same).isdisjoint([*self.films, *self.rows]):
            return 1
        return max(1, self.run.find_stack_limit(self.call.node_type))

    def run_stack(self, stack: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return what frames become, from the cache or computed together."""
        if self.run.options.cache == "off" or self.call.node_type.cache != "pure":
            return self.compute(stack)
        if len(self.tried) >= _TRIED_FRAMES and self.is_cheap():
            return self.compute(stack)
        named = [self.find_name(images) for images in stack]
        found = [self.find(fingerprint) if fingerprint else None for fingerprint, _ in named]
        missing = [index for index, values in enumerate(found) if values is None]
        made = dict(zip(missing, self.compute([stack[index] for index in missing]), strict=True))
        if self.tried[-1:] and self.tried[-1] >= self.find_limit():
            for index, values in made.items():
                fingerprint, digests = named[index]
                if fingerprint is not None:
                    self.keep(fingerprint, digests, values)
        return [values if values is not None else made[index] for index, values in enumerate(found)]

    def find_name(self, images: Mapping[str, Any]) -> tuple[str | None, dict[str, str]]:
        """Return the fingerprint of one frame, or None if something in it has no digest, and the digests."""
        run, node_type = self.run, self.call.node_type
        unkeyed = {name for name, end in node_type.inputs.items() if end.unkeyed}
        given = {name: run.executor.digest(image) for name, image in images.items() if name not in unkeyed}
        digests = self.digests | given
        return run.executor.fingerprints.find(node_type, digests.items()), digests

    def find_entries(self, index: int) -> dict[str, Any]:
        """Return the entries of lists that stand beside a frame; a list of one stretches."""
        entries = {}
        for name, row in self.rows.items():
            if len(row) > 1 and index >= len(row):
                self.check_rows(index + 1)
            try:
                spec = self.call.node_type.inputs[name].spec
                entries[name] = check_value(spec, row[0 if len(row) == 1 else index], self.run.services.classes)
            except ValueProblem as problem:
                raise StudioError("E303", f"input {name!r}: {problem}") from None
        return entries

    def check_rows(self, count: int) -> None:
        """Refuse lists that are not as long as the film."""
        for name, row in self.rows.items():
            if len(row) not in (1, count):
                raise StudioError(
                    "E308",
                    f"input {name!r} is a list of {len(row)}, and the film has another number of frames",
                    hint="a list beside a film has one entry for each frame, or one for all",
                )

    def find(self, fingerprint: str) -> dict[str, Any] | None:
        """Return what the cache has of a frame: from an earlier pass, or from a run that was killed half-way."""
        run = self.run
        if run.options.cache != "use" and fingerprint not in self.kept:
            return None
        action = run.cache.find(fingerprint, local=True)
        if action is None or action.outputs.keys() != self.call.node_type.outputs.keys():
            return None
        found = {name: run.cache.load(digest) for name, digest in action.outputs.items()}
        if any(value is MISSING for value in found.values()):
            return None
        if action.parts.get(_FRAME_OF) == self.name:
            self.kept.add(fingerprint)
            self.blobs.update(action.parts.get(_NEW, "").split())
        return found

    def compute(self, stack: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Run the node type for frames, together if there are several, and take the time of it."""
        if not stack:
            return []
        begin = clock.perf_counter()
        made = [self.check(result) for result in self.call_stack(stack)]
        seconds = (clock.perf_counter() - begin) / len(stack)
        if len(self.tried) >= _TRIED_FRAMES:
            self.tried.pop(0)
        self.tried.append(seconds)
        self.pace += (seconds - self.pace) * (_PACE if len(self.tried) >= _TRIED_FRAMES else 1.0)
        return made

    def call_stack(self, stack: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Return what the node type returns; a stack that fails is cut in halves, so that only the guilty one does."""
        node_type, context = self.call.node_type, _FrameContext(self.call.context)
        given = [{**self.others, **images} for images in stack]
        if len(given) == 1 or node_type.batch is None:
            return [call_node_type(node_type, context, inputs) for inputs in given]
        try:
            results = list(node_type.batch.function(context, given))
        except Exception as error:  # the frames run again, fewer at once
            if is_out_of_memory(error):
                self.run.limit_stacks(node_type, len(stack) // 2)
            half = len(stack) // 2
            return [*self.call_stack(stack[:half]), *self.call_stack(stack[half:])]
        if len(results) != len(given):
            raise ValueProblem(f"{len(given)} results", f"{len(results)}")
        return results

    def check(self, result: Any) -> dict[str, Any]:
        """Return the outputs of one frame, checked."""
        node_type = self.call.node_type
        values = node_type.unpack_result(result)
        for name, value in values.items():
            try:
                values[name] = check_value(node_type.outputs[name].spec, value, self.run.services.classes)
            except ValueProblem as problem:
                raise StudioError(
                    "E302", f"output {name!r}: {problem}", hint="this is a mistake of the node type"
                ) from None
        return values

    def keep(self, fingerprint: str, digests: Mapping[str, str], values: Mapping[str, Any]) -> None:
        run = self.run
        named = {name: run.executor.digest(value) for name, value in values.items()}
        if any(digest.startswith(UNDIGESTED) for digest in named.values()):
            return
        new = run.cache.find_new(named.values())
        parts = run.executor.fingerprints.find_parts(self.call.node_type, digests)
        parts |= {_FRAME_OF: self.name, _NEW: " ".join(new)}
        run.cache.record(
            Action(fingerprint, self.call.node_type.id, named, parts),
            {named[name]: value for name, value in values.items()},
            local=True,
        )
        self.kept.add(fingerprint)
        self.blobs.update(new)

    @property
    def name(self) -> str:
        """The fingerprint of the whole film."""
        return self.call.fingerprint or ""

    def forget_frames(self) -> None:
        """The film is complete and kept as a whole; its frames need no place of their own."""
        if self.kept:
            self.run.cache.discard(self.kept, self.blobs)


class _FrameContext:
    """A call's context without progress of its own: the film counts frames."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def step(self, done: int, total: int, preview: Image | None = None) -> None:
        """Only pause and cancel."""
        self._context.wait()
