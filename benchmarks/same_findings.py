"""Compare what two versions of Studio find in the same mutated graphs.

    PYTHONPATH=OLD:OLD/plugins python benchmarks/same_findings.py dump old.jsonl
    python benchmarks/same_findings.py dump new.jsonl
    python benchmarks/same_findings.py compare old.jsonl new.jsonl

Every graph in graphs/ and one that uses all kinds of inputs are mutated by seed: keys dropped, types wrong, names
misspelt, edges dangling or in cycles, media of a wrong kind. A line of a dump holds the findings of one mutated graph
as JSON, with the types that its nodes and outputs get.
"""

from __future__ import annotations

import copy
import importlib
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

GRAPHS = Path(__file__).resolve().parents[1] / "graphs"
PLUGINS = ("audio", "diffusion", "image", "logic", "speech", "style", "upscale", "video")
COUNT, SHOWN = 4000, 40
PICTURE, SOUND = {"file": "media/rocket_small.jpg"}, {"file": "media/jazz_quartet.ogg"}
VALUES: list[Any] = [
    None, True, 0, -1, 3, 0.5, 1e300, 10**30, "", "x", "photo.png", "../x", "a\0b", "red", "builtin:tiny", [], [1],
    ["a", "b"], [[1]], [PICTURE], [PICTURE, SOUND], {}, {"x": 1}, {"model": 5},
    {"model": "builtin:x", "options": {"a": []}},
    PICTURE, SOUND, {"file": "none.png"}, {"file": "../../x.png"}, {"files": "media/*.jpg"}, {"files": "none/*"},
    {"literal": 3}, {"literal": {"from": "a"}}, {"from": 3}, {"from": "nowhere"}, {"from": "inputs.nothing"},
]  # fmt: skip
TYPES = (
    "int",
    "text",
    "image",
    "audio",
    "video",
    "mask",
    "json",
    "list[image]",
    "list[text]",
    "model",
    "path",
    "file",
    "imag",
)
SEED: dict[str, Any] = {
    "studio": 1,
    "inputs": {
        "text": {"type": "text", "default": "x"},
        "count": {"type": "int", "default": 2, "minimum": 1, "maximum": 9},
        "kind": {"type": "choice", "choices": ["a", 1], "default": "a"},
        "sizes": {"type": "list[int]", "default": [8, 9]},
        "weights": {"type": "list[model]", "default": ["builtin:a", "builtin:b"]},
        "photos": {"type": "list[image]", "default": {"files": "media/*.jpg"}},
        "mask": {"type": "mask", "optional": True},
    },
    "nodes": {
        "new": {"type": "image.new", "inputs": {"width": {"from": "inputs.sizes"}}},
        "grid": {"type": "image.grid", "inputs": {"images": {"from": "new"}, "labels": ["a", {"from": "inputs.text"}]}},
        "all": {
            "type": "probe.everything",
            "inputs": {"model": "builtin:x", "path": "a.png", "data": {"a": [1]}, "grid": [[1]]},
        },
        "same": {"type": "logic.compare_text", "inputs": {"a": {"from": "all"}, "b": {"literal": "x"}}},
        "pick": {
            "type": "logic.switch",
            "inputs": {"condition": {"from": "same"}, "if_true": {"from": "grid"}},
            "when": {"from": "same"},
        },
        "two": {"type": "logic.collect", "inputs": {"items": [{"from": "new"}, PICTURE]}},
    },
    "outputs": {
        "picture": {"from": "pick"},
        "grid": {"from": "grid.image", "description": "all"},
        "two": {"from": "two"},
    },
}


def create_registry() -> Any:
    """Return the first-party node types and one that takes every kind of input."""
    from studio.api import Context, Field, File, JsonValue, Mask, Model, OutputPath, hookimpl, node
    from studio.api.builtin import create_builtin_value_types
    from studio.registry import load_registry

    tiny = Model("builtin:tiny")

    def everything(
        ctx: Context, *, file: File | None = None, path: OutputPath | None = None, model: Model = tiny,
        files: list[File] | None = None, models: list[Model] | None = None, data: JsonValue = None,
        names: Annotated[list[str], Field(min_length=1, max_length=3)] = ["a"],  # noqa: B006  (never written to)
        short: Annotated[str, Field(max_length=3)] = "", grid: list[list[int]] | None = None, mask: Mask | None = None,
        anything: Any = None, code: Annotated[str | None, Field(pattern="[a-z]+")] = None,
    ) -> str:  # fmt: skip
        """Take one input of every kind."""
        return ""

    names = {"Context": Context, "Field": Field, "File": File, "JsonValue": JsonValue, "Mask": Mask, "Model": Model}
    globals().update(names, OutputPath=OutputPath, Annotated=Annotated)
    probe = SimpleNamespace(studio_node_types=hookimpl(lambda: [node("probe.everything")(everything)]))
    plugins = [(f"studio-{name}", importlib.import_module(f"studio_{name}")) for name in PLUGINS]
    return load_registry(value_types=create_builtin_value_types(), plugins=[*plugins, ("probe", probe)], discover=False)


def walk(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield (owner, key) of everything in a document."""
    children = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in children:
        yield value, key
        yield from walk(value[key])


class Mutator:
    """Changes documents by seed."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.changes: list[Callable[[Any], None]] = [
            self.drop, self.put_value, self.put_value, self.misspell, self.retarget, self.retarget, self.rename_end,
            self.retype_input, self.swap, self.repeat, self.change_type,
        ]  # fmt: skip

    def mutate(self, document: Any) -> Any:
        """Return a changed copy."""
        changed = copy.deepcopy(document)
        for _ in range(self.rng.choice((1, 1, 1, 2, 3))):
            try:
                self.rng.choice(self.changes)(changed)
            except (IndexError, KeyError, TypeError, AttributeError):
                continue  # there is nothing of this kind to change
        return changed

    def pick(self, document: Any, *, keys: tuple[str, ...] = ()) -> tuple[Any, Any]:
        """Return a place in a document."""
        places = [place for place in walk(document) if not keys or place[1] in keys]
        return self.rng.choice(places)

    def find_inputs(self, document: Any) -> list[Any]:
        """Return the inputs of all nodes."""
        return [node["inputs"] for node in document["nodes"].values() if node.get("inputs")]

    def drop(self, document: Any) -> None:
        owner, key = self.pick(document)
        del owner[key]

    def put_value(self, document: Any) -> None:
        owner = self.rng.choice(self.find_inputs(document))
        owner[self.rng.choice(list(owner))] = copy.deepcopy(self.rng.choice(VALUES))

    def misspell(self, document: Any) -> None:
        owner, key = self.pick(document)
        if isinstance(owner, dict):
            owner[self.rng.choice([key[:-1], key + "s", key[::-1], "q" + key])] = owner.pop(key)

    def retarget(self, document: Any) -> None:
        owner, key = self.pick(document, keys=("from",))
        names = [*document["nodes"], *(f"inputs.{name}" for name in document.get("inputs", {}))]
        name = self.rng.choice(names)
        owner[key] = self.rng.choice([name, name, name, name + "x", f"{name}.image", "inputs." + name])

    def rename_end(self, document: Any) -> None:
        owner = self.rng.choice(self.find_inputs(document))
        key = self.rng.choice(list(owner))
        owner[self.rng.choice([key + "s", key[:-1], "image", "video"])] = owner.pop(key)

    def retype_input(self, document: Any) -> None:
        declared = self.rng.choice(list(document["inputs"].values()))
        if self.rng.random() < 0.5:
            declared["type"] = self.rng.choice(TYPES)
        else:
            declared["default"] = copy.deepcopy(self.rng.choice(VALUES))

    def change_type(self, document: Any) -> None:
        node = self.rng.choice(list(document["nodes"].values()))
        node["type"] = self.rng.choice(list(document["nodes"].values()))["type"]

    def swap(self, document: Any) -> None:
        (one, a), (two, b) = self.pick(document), self.pick(document)
        one[a], two[b] = copy.deepcopy(two[b]), copy.deepcopy(one[a])

    def repeat(self, document: Any) -> None:
        owner, key = self.pick(document)
        owner[key] = [copy.deepcopy(owner[key])] * self.rng.choice((1, 2, 3))


def describe(source: Any, registry: Any) -> dict[str, Any]:
    """Return what is found in a document, and the types in it."""
    from studio.errors import GraphError
    from studio.graph import parse_graph, resolve_graph

    try:
        graph = parse_graph(source, base=GRAPHS, path=GRAPHS / "mutated.json")
    except GraphError as error:
        return {"findings": [finding.to_json() for finding in error.findings]}
    resolved = resolve_graph(graph, registry)
    nodes = {
        node.id: {
            "inputs": {name: [str(b.spec), b.depth, b.stream] for name, b in sorted(node.inputs.items())},
            "outputs": {name: str(spec) for name, spec in node.outputs.items()},
        }
        for node in resolved.nodes.values()
    }
    outputs = {name: str(spec) for name, (_, spec) in resolved.outputs.items()}
    inputs = {name: [str(end.spec), end.required] for name, end in resolved.inputs.items()}
    found = [finding.to_json() for finding in resolved.findings]
    return {"findings": found, "inputs": inputs, "nodes": nodes, "outputs": outputs}


def dump(path: Path) -> None:
    """Write what is found in each mutated graph."""
    registry = create_registry()
    documents = [SEED, SEED, *(json.loads(file.read_text("utf-8")) for file in sorted(GRAPHS.glob("**/*.json")))]
    mutator = Mutator(random.Random("findings"))
    with path.open("w", encoding="utf-8") as file:
        for number in range(COUNT):
            document = documents[number % len(documents)]
            source = document if number < len(documents) else mutator.mutate(document)
            row = {"source": source, **describe(source, registry)}
            file.write(json.dumps(row, ensure_ascii=True, sort_keys=True) + "\n")


def compare(old: Path, new: Path) -> int:
    """Print where two dumps differ; return 1 if they do, but for the words of messages and hints."""
    different = words = 0
    gone: Counter[str] = Counter()
    come: Counter[str] = Counter()
    for number, lines in enumerate(zip(old.open("rb"), new.open("rb"), strict=True)):
        before, after = (json.loads(line) for line in lines)
        words += before != after and strip_words(before) == strip_words(after)
        if strip_words(before) == strip_words(after):
            continue
        different += 1
        removed, added = list_findings(before) - list_findings(after), list_findings(after) - list_findings(before)
        gone.update(code for code, _ in removed)
        come.update(code for code, _ in added)
        if different <= SHOWN:
            parts = [part for part in ("inputs", "nodes", "outputs") if before.get(part) != after.get(part)]
            print(f"#{number}: - {sorted(removed)} + {sorted(added)} {' '.join(parts)}")
    print(f"{different} graphs differ, and {words} in words only; removed {dict(gone)}, added {dict(come)}")
    return int(different > 0)


def list_findings(row: dict[str, Any]) -> set[tuple[str, str]]:
    """Return code and place of each finding of a row."""
    return {(finding["code"], finding["where"]) for finding in row["findings"]}


def strip_words(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without the texts that may be put in other words."""
    kept = ("code", "where", "severity")
    return {**row, "findings": [{name: finding[name] for name in kept} for finding in row["findings"]]}


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["dump", path]:
            dump(Path(path))
        case ["compare", old, new]:
            sys.exit(compare(Path(old), Path(new)))
        case _:
            sys.exit(__doc__)
