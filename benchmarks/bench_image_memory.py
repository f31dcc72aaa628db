"""Peak memory of image node types over a short and a long video: python benchmarks/bench_image_memory.py [NAME ...].

Each node type runs over 50 and over 150 frames of a video, which is written to a file again. Memory that grows with the
number of frames is held. ProRes is written, frame by frame: H.264 looks ahead, and its buffers are full after some 150
frames of 720p (70 MiB more than after 50). Linux only: the peak is read from /proc and reset in between.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from studio.api import Frame, Image, NodeType, Video, VideoType
from studio.app import Studio
from studio.graph import load_graph
from studio.settings import Settings
from tests.plugins.test_first_party_node_types import EXAMPLES

SHORT, LONG = 50, 150
WARM = 10
OWN = {"image.crop": {"x": 0, "y": 0}, "image.transform": {"corners": [[9, 9], [90, 9], [90, 90], [9, 90]]}}
SKIPPED = {"image.info", "image.save", "image.save_layers"}


def write_source(path: Path, count: int, size: tuple[int, int]) -> None:
    """Write a video of a moving ramp."""
    ramp = np.add.outer(np.arange(size[1]), np.arange(size[0]))

    def frames() -> Iterator[Frame]:
        for index in range(count):
            plane = ((ramp + 5 * index) % 256).astype(np.uint8)
            yield Frame(Image(np.dstack([plane, plane[::-1], plane[:, ::-1]])), index / 25)

    video = Video(frames, width=size[0], height=size[1], rate=Fraction(25), count=count)
    VideoType().write_file(video, path, None)


def build(node_type: NodeType, source: Path, size: tuple[int, int]) -> dict[str, Any] | None:
    """Return a graph in which a node type runs over a video; None if it does not."""
    inputs = {name: value for name, value in EXAMPLES.get(node_type.id, {}).items() if is_plain(value)}
    inputs |= OWN.get(node_type.id, {})
    images = [name for name, end in node_type.inputs.items() if end.spec.name == "image" and end.required]
    others = [name for name, end in node_type.inputs.items() if end.required and name not in (*images, *inputs)]
    outputs = [name for name, end in node_type.outputs.items() if end.spec.name == "image"]
    whole = [name for name in images if node_type.inputs[name].spec.depth]
    if not images or not outputs or whole or any(node_type.inputs[name].spec.name != "mask" for name in others):
        return None
    nodes: dict[str, Any] = {"node": {"type": node_type.id, "inputs": inputs}}
    if others:
        nodes["hole"] = {"type": "image.new_mask", "inputs": {"width": size[0], "height": size[1]}}
    inputs |= {name: {"from": "hole"} for name in others} | {name: {"from": "inputs.video"} for name in images}
    given = {"video": {"type": "video", "default": {"file": source.name}}}
    written = {"video": {"from": f"node.{outputs[0]}"}, "path": "video.mov", "codec": "prores"}
    nodes["saved"] = {"type": "video.save", "inputs": written}
    return {"studio": 1, "inputs": given, "nodes": nodes, "outputs": {"path": {"from": "saved"}}}


def is_plain(value: Any) -> bool:
    """Say whether a value of an example can be written into a graph."""
    if isinstance(value, list):
        return all(is_plain(each) for each in value)
    return isinstance(value, bool | int | float | str) and not str(value).endswith("_file")


def measure(graph: dict[str, Any], folder: Path) -> float:
    """Run a graph, and return the peak of memory in MiB."""
    Path("/proc/self/clear_refs").write_text("5")
    with Studio(Settings(device="cpu", cache_dir=folder / "cache")) as studio:
        file = folder.parent / f"{folder.name}.json"
        file.write_text(json.dumps(graph), encoding="utf-8")
        result = studio.run(load_graph(file), output=folder / "out")
    if result.errors:
        raise RuntimeError(str(next(iter(result.errors))))
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="node types; all that change images where none is given")
    parser.add_argument("--size", default="1280x720", help="width and height of the video")
    arguments = parser.parse_args()
    width, height = (int(side) for side in arguments.size.split("x"))
    with Studio(Settings(device="cpu"), on_disk=False) as studio:
        types = [each for name, each in sorted(studio.registry.node_types.items()) if name.startswith("image.")]
    with tempfile.TemporaryDirectory() as folder:
        sources = {count: Path(folder) / f"{count}.mkv" for count in (WARM, SHORT, LONG)}
        for count, path in sources.items():
            write_source(path, count, (width, height))
        print(f"| node type | {SHORT} frames | {LONG} frames | ratio |\n|---|---|---|---|", flush=True)
        for node_type in types:
            if node_type.id in SKIPPED or (arguments.names and node_type.id not in arguments.names):
                continue
            graphs = [build(node_type, path, (width, height)) for path in sources.values()]
            if graphs[0] is None:
                continue
            try:
                _, short, long = (
                    measure(graph or {}, Path(folder) / f"{node_type.id}-{index}") for index, graph in enumerate(graphs)
                )
            except RuntimeError as error:
                print(f"| `{node_type.id}` | {str(error)[:80]} | | |", flush=True)
                continue
            print(f"| `{node_type.id}` | {short:.0f} MiB | {long:.0f} MiB | {long / short:.3f} |", flush=True)


if __name__ == "__main__":
    main()
