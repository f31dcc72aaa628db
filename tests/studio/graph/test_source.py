"""The union of sources: what a source depends on."""

from __future__ import annotations

from pathlib import Path

from studio.graph.source import Collected, Constant, FileSource, GraphInput, NamedPath, Reference, find_references


def test_a_source_depends_on_the_references_in_it_however_deep() -> None:
    one, two = Reference("a", "x"), Reference("b", "y")
    source = Collected((Constant(1), one, Collected((two, GraphInput("i"), one)), NamedPath("p")))

    assert find_references(source) == [one, two, one]
    assert find_references(one) == [one]
    assert find_references(FileSource(Path("a.png"), "image", "a.png")) == []
