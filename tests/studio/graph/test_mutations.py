"""10,000 graphs mutated at random end in success or in findings: no other exception, no hang.

Those that are found valid must pass both JSON Schemas too.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from studio.errors import GraphError
from studio.graph import check_graph, parse_graph
from studio.graph.schema import create_format_schema, create_installed_schema
from studio.registry import Registry

GRAPHS = Path(__file__).parents[3] / "graphs"
COUNT, SHARES = 10_000, 8
Place = tuple[Any, Any]  # a dict or list, and a key or index in it

SEED: dict[str, Any] = {
    "studio": 1,
    "inputs": {
        "text": {"type": "text", "default": "x"},
        "kind": {"type": "choice", "choices": ["a", 1], "default": "a"},
        "sizes": {"type": "list[int]", "default": [8, 9]},
        "mask": {"type": "mask", "optional": True},
    },
    "nodes": {
        "new": {"type": "image.new", "inputs": {"width": {"from": "inputs.sizes"}}},
        "grid": {"type": "image.grid", "inputs": {"images": {"from": "new"}, "labels": ["a", {"from": "inputs.text"}]}},
        "old": {"type": "probe.migrated", "version": "2.0", "inputs": {"image": {"from": "grid"}}, "ui": {"x": 1}},
        "all": {
            "type": "probe.everything",
            "inputs": {"model": "builtin:x", "path": "a.png", "data": {"a": [1]}, "grid": [[1]]},
        },
        "same": {"type": "logic.compare_text", "inputs": {"a": {"from": "all"}, "b": {"literal": "x"}}},
        "pick": {
            "type": "logic.switch",
            "inputs": {"condition": {"from": "same"}, "if_true": {"from": "old"}},
            "when": {"from": "same"},
        },
    },
    "outputs": {"picture": {"from": "pick"}, "grid": {"from": "grid.image", "description": "all"}},
    "requires": {"studio-image": ">=0.1"},
}

TEXTS = [
    "",
    "inputs",
    "inputs.text",
    "new",
    "new.image",
    "new.",
    ".",
    "a/b~c",
    "x" * 5000,
    "\0",
    "\ud800",
    "日本語",
    "\u202e",
    "../..",
    "/etc/passwd",
    "graph:",
    "graph:parts/finish.json",
    "graph:poster.json",
    "graph:\0",
    "list[image]",
    "list[" * 40,
    "image",
    "image.resize",
    "builtin:",
    "file:",
    "hub:a/b",
    "nan",
    "__class__",
    "$ref",
    "from",
    "file",
    "literal",
    ">=1,<",
    "%%{init}%%",
    "<script>",
]
VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2.5,
    10**18,
    10**400,
    -(10**4000),
    1e308,
    5e-324,
    -0.0,
    float("nan"),
    [],
    {},
    [[]],
    {"from": None},
    {"from": "new"},
    {"from": "inputs.text"},
    {"file": "media/starry_night.jpg"},
    {"file": 1},
    {"literal": {"from": "new"}},
    {"from": "new", "x": 1},
    [{"from": "new"}, {"from": "pick"}],
    [1, [2, [{"from": "grid"}]]],
    ["a", 1, None],
]


def walk(value: Any) -> Iterator[Place]:
    """Yield every place in a document."""
    pending = [value]
    while pending:
        owner = pending.pop()
        keys = list(owner) if isinstance(owner, dict) else range(len(owner))
        for key in keys:
            yield owner, key
            if isinstance(owner[key], dict | list):
                pending.append(owner[key])


class Mutator:
    """Changes documents at random."""

    def __init__(self, rng: random.Random, seeds: list[dict[str, Any]]) -> None:
        self.rng = rng
        self.seeds = seeds
        self.steps: list[Callable[[Any], None]] = [
            self.delete,
            self.rename,
            self.duplicate,
            self.swap,
            self.set_value,
            self.set_text,
            self.retarget,
            self.wrap,
            self.graft,
            self.retype,
            self.set_number,
        ]

    def mutate(self) -> str | bytes | dict[str, Any]:
        document = copy.deepcopy(self.rng.choice(self.seeds))
        for _ in range(self.rng.choice((1, 1, 1, 1, 2, 3, 6))):
            self.rng.choice(self.steps)(document)
        kind = self.rng.random()
        if kind < 0.3:
            return document
        try:
            text = json.dumps(document)
        except (ValueError, RecursionError):  # a number with more digits than Python writes, or too deep
            return document
        return text if kind < 0.9 else self.spoil(text)

    def pick(self, document: Any) -> Place:
        """Choose a place, more often one inside a node's inputs than anywhere."""
        nodes = document.get("nodes")
        inner = (
            [
                node["inputs"]
                for node in nodes.values()
                if isinstance(node, dict) and isinstance(node.get("inputs"), dict)
            ]
            if isinstance(nodes, dict)
            else []
        )
        places = list(walk(self.rng.choice(inner))) if inner and self.rng.random() < 0.75 else []
        return self.rng.choice(places or list(walk(document)) or [({"a": 1}, "a")])

    def delete(self, document: Any) -> None:
        owner, key = self.pick(document)
        del owner[key]

    def rename(self, document: Any) -> None:
        owner, key = self.pick(document)
        if isinstance(owner, dict):
            owner[self.rng.choice([*TEXTS, key[:-1], key + "s", key.upper()])] = owner.pop(key)

    def duplicate(self, document: Any) -> None:
        owner, key = self.pick(document)
        if isinstance(owner, dict):
            owner[f"{key}_{self.rng.randrange(3)}"] = copy.deepcopy(owner[key])
        else:
            owner.append(copy.deepcopy(owner[key]))

    def swap(self, document: Any) -> None:
        (one, a), (two, b) = self.pick(document), self.pick(document)
        one[a], two[b] = copy.deepcopy(two[b]), copy.deepcopy(one[a])

    def set_value(self, document: Any) -> None:
        owner, key = self.pick(document)
        owner[key] = copy.deepcopy(self.rng.choice(VALUES))

    def set_text(self, document: Any) -> None:
        owner, key = self.pick(document)
        owner[key] = self.rng.choice(TEXTS)

    def set_number(self, document: Any) -> None:
        places = [(o, k) for o, k in walk(document) if isinstance(o[k], int | float)]
        if places:
            owner, key = self.rng.choice(places)
            owner[key] = self.rng.choice([0, 1, 2, 64, -5, 0.5, 1e9, 10**30, 3])

    def retarget(self, document: Any) -> None:
        """Lead an edge anywhere: cycles come from here."""
        edges = [(o, k) for o, k in walk(document) if k == "from"]
        nodes = list(document["nodes"]) if isinstance(document.get("nodes"), dict) else []
        if edges and nodes:
            owner, key = self.rng.choice(edges)
            owner[key] = self.rng.choice(nodes)

    def wrap(self, document: Any) -> None:
        owner, key = self.pick(document)
        for _ in range(self.rng.choice((1, 1, 1, 2, 20, 66))):
            owner[key] = self.rng.choice(([owner[key]], {"literal": owner[key]}, {"a": owner[key]}))

    def graft(self, document: Any) -> None:
        """Put a part of another document somewhere."""
        (owner, key), (other, name) = self.pick(document), self.pick(self.rng.choice(self.seeds))
        owner[key] = copy.deepcopy(other[name])

    def retype(self, document: Any) -> None:
        owner, key = self.pick(document)
        value = owner[key]
        owner[key] = self.rng.choice([str(value)[:50], [value], {"from": value}, {"literal": value}, bool(value), None])

    def spoil(self, text: str) -> str | bytes:
        rng = self.rng
        start, end = sorted((rng.randrange(len(text)), rng.randrange(len(text))))
        return rng.choice(
            [
                lambda: text[:end],
                lambda: text[:start] + text[end:],
                lambda: text[:end] + text[start:],
                lambda: text.replace('"', "'", 3),
                lambda: text[:start] + rng.choice('{}[],:"\\0-eN') + text[start:],
                lambda: text.encode("utf-16"),
                lambda: text.encode() + b"\xff",
                lambda: text.replace("1", "NaN", 1),
                lambda: text.replace("1", "9" * 6000, 1),
                lambda: "[" * rng.choice((10, 100, 100_000)) + text,
                lambda: text.replace(":", ": ", 1) + " " * 1000,
            ]
        )()


@pytest.fixture(scope="module")
def schemas(registry: Registry) -> list[Draft202012Validator]:
    return [Draft202012Validator(create_format_schema()), Draft202012Validator(create_installed_schema(registry))]


@pytest.mark.parametrize("share", range(SHARES))
def test_mutated_graphs_end_in_success_or_findings(
    share: int, registry: Registry, schemas: list[Draft202012Validator]
) -> None:
    files = sorted(GRAPHS.glob("**/*.json"))
    seeds = [SEED, *(json.loads(path.read_text(encoding="utf-8")) for path in files)]
    mutator = Mutator(random.Random(f"mutations {share}"), seeds)
    valid = refused = wrong = 0
    for number in range(COUNT // SHARES):
        source = mutator.mutate()
        try:
            graph = parse_graph(source, base=GRAPHS, path=GRAPHS / "mutated.json")
        except GraphError as error:
            refused += len(error.findings) > 0
            continue
        findings = check_graph(graph, registry)
        if any(finding.severity == "error" for finding in findings):
            wrong += 1
            continue
        valid += 1
        if number % 4 == 0:  # a quarter of them, for time
            problems = [problem for schema in schemas for problem in schema.iter_errors(dict(graph.json))]
            assert not problems, f"{problems[0].json_path}: {problems[0].message}\n{json.dumps(graph.json)}"

    assert min(valid, refused, wrong) > COUNT / SHARES / 50, (valid, refused, wrong)
