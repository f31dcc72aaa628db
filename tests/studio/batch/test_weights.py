"""Which weights the items of a batch depend on, and their digests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.api import Context, Model, node
from studio.app import Studio
from studio.batch.weights import WeightDigests, find_graph_models, find_models
from studio.errors import ModelError
from studio.settings import Settings
from studio.testing.subject import GivenPlugin


@node("weights.use", code=1)
def use(ctx: Context, *, model: Model = Model("builtin:default")) -> str:  # noqa: B008  (frozen)
    """Use one model."""
    return str(model)


@node("weights.mix", code=1)
def mix(ctx: Context, models: list[Model]) -> str:
    """Use several models."""
    return str(models)


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A Studio with node types that take models."""
    settings = Settings(cache_dir=tmp_path / "cache", device="cpu")
    with Studio(settings, plugins=[("weights", GivenPlugin([use, mix]))], discover=False) as made:
        yield made


def test_models_of_a_graph_are_those_it_names_those_of_its_inputs_and_defaults(studio: Studio, tmp_path: Path) -> None:
    part = {"studio": 1, "nodes": {"u": {"type": "weights.use", "inputs": {"model": "builtin:deep"}}},
            "outputs": {"text": {"from": "u"}}}  # fmt: skip
    graph = {
        "studio": 1,
        "inputs": {"chosen": {"type": "model", "default": "builtin:input"}},
        "nodes": {
            "named": {"type": "weights.use", "inputs": {"model": "builtin:named"}},
            "left": {"type": "weights.use"},
            "asked": {"type": "weights.use", "inputs": {"model": {"from": "inputs.chosen"}}},
            "several": {"type": "weights.mix", "inputs": {"models": ["builtin:one", "builtin:two"]}},
            "part": {"type": "graph:./part.json"},
        },
        "outputs": {name: {"from": name} for name in ("named", "left", "asked", "several")}
        | {"part": {"from": "part.text"}},
    }
    import json

    (tmp_path / "part.json").write_text(json.dumps(part), encoding="utf-8")
    (tmp_path / "graph.json").write_text(json.dumps(graph), encoding="utf-8")

    resolved = studio.resolve(studio.load(tmp_path / "graph.json"))

    assert not resolved.errors
    names = {model.reference.removeprefix("builtin:") for model in find_graph_models(resolved)}
    assert names == {"input", "named", "default", "one", "two", "deep"}


def test_models_of_a_value_are_found_in_lists_and_only_at_inputs_that_take_models() -> None:
    one, two = Model("builtin:one"), Model("builtin:two")

    assert list(find_models([["builtin:one"], [two]], "model")) == [one, two]
    assert list(find_models("builtin:one", "model")) == [one]
    assert list(find_models("builtin:one", "text")) == []
    assert list(find_models(None, "model")) == []


class Library:
    """Digests models, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def digest(self, model: Model) -> str:
        """Return a digest, unless the weights are gone."""
        self.asked.append(model.reference)
        if model.reference == "builtin:gone":
            raise ModelError("E602", "gone")
        return "d" * 64


def test_weights_are_digested_once_and_named_with_their_digest() -> None:
    library = Library()
    digests = WeightDigests(library.digest)

    first = [digests.describe(Model("builtin:a")) for _ in range(3)]

    assert set(first) == {f"builtin:a {'d' * 64}"}
    assert library.asked == ["builtin:a"]


def test_weights_of_a_hub_are_named_by_their_revision_and_not_read() -> None:
    library = Library()

    described = WeightDigests(library.digest).describe(Model("hub:owner/name@abc"))

    assert (described, library.asked) == ("hub:owner/name@abc", [])


def test_weights_that_cannot_be_read_are_left_to_the_item_that_needs_them() -> None:
    assert WeightDigests(Library().digest).describe(Model("builtin:gone")) == "builtin:gone"
