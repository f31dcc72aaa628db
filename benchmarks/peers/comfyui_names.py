"""What ComfyUI takes to name the results of the chains and fans of bench_engine.py: its own functions, nothing else.

    python benchmarks/peers/comfyui_names.py ~/ComfyUI            the table, in Markdown

It needs a checkout of ComfyUI, and neither its requirements nor torch: of the checkout, only
comfy_execution/caching.py and graph_utils.py are imported, and empty modules stand for what they import. No model is
loaded, no node runs, no server starts.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import platform
import sys
import types
from pathlib import Path
from time import process_time
from typing import Any

SIZES = (10, 100, 900, 1_000)
REPEATS = 3
STANDINS = ("torch", "psutil", "nodes", "comfy", "comfy.model_patcher", "comfy_execution.graph")


class Add:
    """A node class without hidden inputs."""

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802 - the name that ComfyUI calls
        """Return no inputs: names do not depend on them."""
        return {"required": {}}


class Prompt:
    """As much of ComfyUI's prompt as names need.

    Args:
        nodes: The nodes in ComfyUI's API format.
    """

    def __init__(self, nodes: dict[str, Any]) -> None:
        self.nodes = nodes

    def has_node(self, node_id: str) -> bool:
        """Say whether there is a node."""
        return node_id in self.nodes

    def get_node(self, node_id: str) -> Any:
        """Return a node."""
        return self.nodes[node_id]


class Unchanged:
    """Says that no node has changed."""

    async def get(self, node_id: str) -> bool:
        """Return False."""
        return False


def build_chain(size: int) -> dict[str, Any]:
    """Return nodes of which each takes what the one before it made."""
    nodes: dict[str, Any] = {"0": {"class_type": "Add", "inputs": {"a": 0, "b": 1}}}
    for index in range(1, size):
        nodes[str(index)] = {"class_type": "Add", "inputs": {"a": [str(index - 1), 0], "b": 1}}
    return nodes


def build_fan(size: int) -> dict[str, Any]:
    """Return nodes that all take what the first made."""
    nodes: dict[str, Any] = {"0": {"class_type": "Add", "inputs": {"a": 0, "b": 1}}}
    for index in range(1, size):
        nodes[str(index)] = {"class_type": "Add", "inputs": {"a": ["0", 0], "b": index}}
    return nodes


def load_caching(checkout: Path) -> Any:
    """Return ComfyUI's module of caching."""
    for name in STANDINS:
        sys.modules[name] = types.ModuleType(name)
    sys.modules["nodes"].__dict__["NODE_CLASS_MAPPINGS"] = {"Add": Add}
    sys.modules["comfy.model_patcher"].__dict__["ModelPatcher"] = object
    sys.modules["comfy_execution.graph"].__dict__["DynamicPrompt"] = Prompt
    package = sys.modules["comfy_execution"] = types.ModuleType("comfy_execution")
    package.__path__ = [str(checkout / "comfy_execution")]
    return importlib.import_module("comfy_execution.caching")


def measure(caching: Any, nodes: dict[str, Any]) -> str:
    """Return the best milliseconds of processor time to name all results, or the error that it raised."""
    best = float("inf")
    for _ in range(REPEATS):
        begin = process_time()
        try:
            names = caching.CacheKeySetInputSignature(Prompt(nodes), nodes.keys(), Unchanged())
            asyncio.run(names.add_keys(nodes.keys()))
        except RecursionError as error:
            return type(error).__name__
        best = min(best, process_time() - begin)
        assert len(set(names.get_used_keys())) == len(nodes)
    return f"{best * 1e3:,.1f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Measure how ComfyUI names results.")
    parser.add_argument("checkout", type=Path, help="a checkout of ComfyUI")
    caching = load_caching(parser.parse_args().checkout)
    print("| graph | names, ms of processor time |\n|---|---|")
    for shape, build in (("chain", build_chain), ("fan", build_fan)):
        for size in SIZES:
            print(f"| {shape} of {size:,} | {measure(caching, build(size))} |", flush=True)
    print(f"\nPython {platform.python_version()}, {platform.machine()}; best of {REPEATS}.")


if __name__ == "__main__":
    main()
