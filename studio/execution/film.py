"""Maps a node type over the frames of a film: frame by frame, in constant memory, each frame cached until all are done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from studio.api import Frame, Image, Video
from studio.api.node_type import call_node_type
from studio.api.type_spec import ValueProblem, check_value
from studio.cache import MISSING, Action
from studio.errors import StudioError
from studio.execution.call import Call
from studio.execution.fingerprint import UNDIGESTED

if TYPE_CHECKING:
    from studio.execution.run import Run


def map_film(run: Run, call: Call, inputs: Mapping[str, Any]) -> Any:
    """Run a call for every frame; return what the node type would return, with films and lists for its outputs."""
    film = _Film(run, call, inputs)
    outputs = {}
    names = list(call.node_type.outputs)
    pictures = [name for name in names if call.state.node.outputs[name].name == "video"]
    for name in pictures:
        outputs[name] = run.cache.settle(film.make_video(name))
    for name in names:
        if name not in pictures:
            outputs[name] = [values[name] for _, values in film.run_frames()]
    film.forget_frames()
    return tuple(outputs[name] for name in names) if call.node_type.named else outputs[names[0]]


class _Film:
    def __init__(self, run: Run, call: Call, inputs: Mapping[str, Any]) -> None:
        self.run = run
        self.call = call
        bound = call.state.node.inputs
        self.films = {n: v for n, v in inputs.items() if n in bound and bound[n].stream and isinstance(v, Video)}
        self.others = {n: v for n, v in inputs.items() if n not in self.films}
        self.digests = run.find_digests(call)
        self.made: list[str] = []

    def make_video(self, name: str) -> Video:
        """Return the film of one output; its size is known once the first frame is."""
        first = next(iter(self.run_frames()), None)
        if first is None:
            raise StudioError("E504", "the film has no frames")
        image: Image = first[1][name]
        lead = next(iter(self.films.values()))

        def frames() -> Iterator[Frame]:
            for time, values in self.run_frames():
                yield Frame(values[name], time)

        return Video(frames, width=image.width, height=image.height, channels=image.channels, rate=lead.rate,
                     count=lead.count, audio=lead.audio)

    def run_frames(self) -> Iterator[tuple[float, dict[str, Any]]]:
        """Yield time and outputs of each frame, in order."""
        streams = {name: film.frames() for name, film in self.films.items()}
        total = next((film.count for film in self.films.values() if film.count), 0)
        assert self.call.context is not None
        done = 0
        while True:
            frames = {name: next(stream, None) for name, stream in streams.items()}
            present = {name: frame for name, frame in frames.items() if frame is not None}
            if not present:
                return
            if len(present) < len(frames):
                raise StudioError("E308", f"films of unequal length: {', '.join(set(frames) - set(present))} ended "
                                  f"after {done} frames", hint="trim them to one length first")
            values = self.run_frame({name: frame.image for name, frame in present.items()})
            done += 1
            preview = next((v for v in values.values() if isinstance(v, Image)), None) if done % 24 == 1 else None
            self.call.context.step(done, total, preview)
            yield next(iter(present.values())).time, values

    def run_frame(self, images: Mapping[str, Image]) -> dict[str, Any]:
        run, node_type = self.run, self.call.node_type
        digests = self.digests | {name: run.executor.digest(image) for name, image in images.items()}
        fingerprint = run.executor.fingerprints.find(node_type, digests.items())
        keeps = fingerprint is not None and run.options.cache != "off" and node_type.cache == "pure"
        if keeps and fingerprint is not None:
            action = run.cache.find(fingerprint)
            found = {name: run.cache.load(digest) for name, digest in action.outputs.items()} if action else {}
            if found and not any(value is MISSING for value in found.values()):
                return found
        values = self.compute(images)
        if keeps and fingerprint is not None:
            self.keep(fingerprint, digests, values)
        return values

    def compute(self, images: Mapping[str, Image]) -> dict[str, Any]:
        node_type = self.call.node_type
        result = call_node_type(node_type, _FrameContext(self.call.context), {**self.others, **images})
        values = node_type.unpack_result(result)
        for name, value in values.items():
            try:
                values[name] = check_value(node_type.outputs[name].spec, value, self.run.services.classes)
            except ValueProblem as problem:
                raise StudioError("E302", f"output {name!r}: {problem}", hint="this is a mistake of the node type") from None
        return values

    def keep(self, fingerprint: str, digests: Mapping[str, str], values: Mapping[str, Any]) -> None:
        run = self.run
        named = {name: run.executor.digest(value) for name, value in values.items()}
        if any(digest.startswith(UNDIGESTED) for digest in named.values()):
            return
        parts = run.executor.fingerprints.find_parts(self.call.node_type, digests)
        action = Action(fingerprint, self.call.node_type.id, named, parts)
        run.cache.record(action, {named[name]: value for name, value in values.items()})
        self.made.append(fingerprint)

    def forget_frames(self) -> None:
        """The film is complete and kept as a whole; its frames need no place of their own."""
        self.run.cache.discard(self.made)


class _FrameContext:
    """A call's context without progress of its own: the film counts frames."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def step(self, done: int, total: int, preview: Image | None = None) -> None:
        """Only pause and cancel."""
        self._context.wait()
