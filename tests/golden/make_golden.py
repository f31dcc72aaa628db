"""Write what this release of Studio writes into a folder that later releases must read.

    python tests/golden/make_golden.py tests/golden/0.1.0

Run it once for a release and commit the folder; never run it again for a release that is out.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from golden.values import GRAPH, make_node_types, make_values
from studio.app import Studio
from studio.cache import Action, Undigestable
from studio.execution.fingerprint import Fingerprints
from studio.provenance.output_folder import OutputFolder
from studio.settings import Settings

DIGITS = {"a": "1" * 64, "b": "2" * 64}
STORED = (
    "text",
    "nested",
    "list of ints",
    "color image",
    "deep image",
    "float image",
    "mask",
    "stereo",
    "latent",
    "conditioning",
    "model with options",
)


def main(folder: Path) -> None:
    """Write digests, fingerprints, a cache and files that carry their graph."""
    folder.mkdir(parents=True)
    cache_folder = folder / "cache"
    with Studio(Settings(cache_dir=cache_folder, device="cpu")) as studio:
        cache, digests = studio.cache, {}
        for name, value in make_values().items():
            try:
                digests[name] = cache.digest(value)
            except Undigestable:
                digests[name] = None
        prints = {
            f"{name}, {device}": Fingerprints(device, "float32").find(node_type, DIGITS.items())
            for name, node_type in make_node_types().items()
            for device in ("cpu", "cuda")
        }
        values = make_values()
        for index, name in enumerate(STORED):
            digest = digests[name]
            cache.record(
                Action(f"{index:064x}", "golden.make", {"value": digest}, {"part": name}), {digest: values[name]}
            )
        cache.flush()
        (folder / "graph.json").write_text(json.dumps(GRAPH, indent=1), encoding="utf-8")
    with Studio(Settings(device="cpu"), on_disk=False) as studio:
        for extension in ("png", "jpg", "webp", "tif"):
            studio.run(
                folder / "graph.json",
                {"width": 20},
                output=OutputFolder(folder, "{output}." + extension),
                only=["picture"],
            )
        for extension in ("wav", "flac", "mp3", "ogg"):
            studio.run(
                folder / "graph.json",
                {"pitch": 220.0},
                output=OutputFolder(folder, "{output}." + extension),
                only=["sound"],
            )
    record = {"digests": digests, "fingerprints": prints, "stored": list(STORED)}
    (folder / "golden.json").write_text(json.dumps(record, indent=1, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
