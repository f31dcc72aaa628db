"""Maps a node type over the frames of a film, in constant memory, each frame cached until all are done."""

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

_FRAME_OF = "frame of"  # in the parts of an action: the film that the frame was made for,
_NEW = "new blobs"  # and which of its blobs were made for it


def map_film(run: Run, call: Call, inputs: Mapping[str, Any]) -> Any:
    """Run a call for every frame; return what the node type would return, with films and lists for its outputs.

    Each film is written as it is made. Every output is one pass over the frames; what a node type has more of
    comes from the cache, or is computed again where the run keeps nothing.
    """
    film = _Film(run, call, inputs)
    names = list(call.node_type.outputs)
    pictures = [name for name in names if call.state.node.outputs[name].name == "video"]
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
        self.kept: set[str] = set()
        self.blobs: set[str] = set()

    def make_video(self, name: str) -> Video:
        """Return the film of one output; its size is known once the first frame is."""
        if self.first is None:
            stream = self.run_frames()
            _, self.first = next(stream, (0.0, None))
        if self.first is None:
            raise StudioError("E504", "the film has no frames")
        image: Image = self.first[name]
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
            count=lead.count,
            audio=lead.audio,
        )

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
                self.check_rows(done)
                return
            if len(present) < len(frames):
                ended = ", ".join(sorted(set(frames) - set(present)))
                raise StudioError(
                    "E308",
                    f"films of unequal length: {ended} ended after {done} frames",
                    hint="trim them to one length first",
                )
            if done or self.first is None:
                images = {name: frame.image for name, frame in present.items()}
                values = self.run_frame(images | self.find_entries(done))
            else:
                values = self.first
            done += 1
            preview = next((v for v in values.values() if isinstance(v, Image)), None) if done % 24 == 1 else None
            self.call.context.step(done, total, preview)
            yield next(iter(present.values())).time, values

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

    def run_frame(self, images: Mapping[str, Any]) -> dict[str, Any]:
        run, node_type = self.run, self.call.node_type
        if run.options.cache == "off" or node_type.cache != "pure":
            return self.compute(images)
        unkeyed = {name for name, end in node_type.inputs.items() if end.unkeyed}
        given = {name: run.executor.digest(image) for name, image in images.items() if name not in unkeyed}
        digests = self.digests | given
        fingerprint = run.executor.fingerprints.find(node_type, digests.items())
        if fingerprint is None:
            return self.compute(images)
        found = self.find(fingerprint)
        if found is None:
            found = self.compute(images)
            self.keep(fingerprint, digests, found)
        return found

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

    def compute(self, images: Mapping[str, Any]) -> dict[str, Any]:
        node_type = self.call.node_type
        result = call_node_type(node_type, _FrameContext(self.call.context), {**self.others, **images})
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
