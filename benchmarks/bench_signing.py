"""What signing costs: a picture, and a batch beside the same batch unsigned.

    python benchmarks/bench_signing.py              1,000 items of a picture of 1024 x 1024, twice each, in Markdown
    python benchmarks/bench_signing.py --items 100 --side 256

Processor time counts, for other work on the machine adds to the clock. Batches alternate, each in a new folder and
without the cache, and the least of each kind counts.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from studio import batch
from studio.api import Image, ImageType
from studio.app import Studio
from studio.batch.item import ItemState
from studio.provenance.credentials.claim import WrittenFile
from studio.provenance.credentials.identity import load_identity, read_anchors
from studio.provenance.credentials.keeping import make_credentials
from studio.provenance.credentials.reading import CredentialReader
from studio.provenance.credentials.signer import FileSigner
from studio.settings import CredentialSettings, load_settings


def create_graph(side: int) -> dict[str, Any]:
    """Return a graph of one picture."""
    inputs = {"width": side, "height": side, "seed": {"from": "inputs.seed"}}
    return {
        "studio": 1,
        "inputs": {"seed": {"type": "int"}},
        "nodes": {"noise": {"type": "image.noise", "inputs": inputs}},
        "outputs": {"picture": {"from": "noise"}},
    }


def measure_pictures(folder: Path, settings: CredentialSettings) -> Iterator[tuple[str, float, float, int]]:
    """Yield kind, milliseconds to sign and to read, and bytes added, of pictures of 1024 x 1024."""
    signer, reader = FileSigner(load_identity(settings)), CredentialReader(read_anchors(settings))
    pixels = np.random.default_rng(1).random((1024, 1024, 3), dtype=np.float32)
    smooth = np.linspace(0, 1, 1024 * 1024 * 3, dtype=np.float32).reshape(1024, 1024, 3)
    for kind, array in (("png", smooth), ("png, noise", pixels), ("jpg", smooth), ("webp", smooth)):
        path = folder / f"picture.{kind.partition(',')[0]}"
        ImageType().write_file(Image(array), path, "{}")
        size, plain = path.stat().st_size, path.read_bytes()
        signing, reading = [], []
        for _ in range(20):
            path.write_bytes(plain)
            begin = time.process_time()
            signer.sign(path, path, WrittenFile(path.name, "algorithmicMedia"))
            middle = time.process_time()
            reader.read(path)
            reading.append(time.process_time() - middle)
            signing.append(middle - begin)
        yield kind, min(signing) * 1000, min(reading) * 1000, path.stat().st_size - size


def measure_batch(folder: Path, settings: CredentialSettings, count: int, side: int) -> float:
    """Return the processor seconds of a batch in this process."""
    made = replace(load_settings(device="cpu", cache_dir=folder / "cache"), credentials=settings)
    with Studio(made, on_disk=False) as studio:
        begin = time.process_time()
        items = [{"seed": number} for number in range(count)]
        done = list(batch(create_graph(side), items, folder / "out", workers=0, studio=studio))
        assert len(done) == count
        assert all(result.state == ItemState.DONE for result in done)
        return time.process_time() - begin


def main() -> None:
    """Measure, and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--side", type=int, default=1024, help="pixels of a side of the batch's pictures")
    given = parser.parse_args()
    count = given.items
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_credentials(folder / "own", "Ada", None)
        own = CredentialSettings(sign=True, folder=folder / "own")
        print("| picture | sign, ms | read, ms | bytes added |\n|---|---|---|---|")
        for kind, signing, reading, size in measure_pictures(folder, own):
            print(f"| {kind} | {signing:.1f} | {reading:.1f} | {size} |")
        times: dict[bool, list[float]] = {False: [], True: []}
        for turn in range(4):
            with tempfile.TemporaryDirectory() as place:
                signs = bool(turn % 2)
                times[signs].append(measure_batch(Path(place), replace(own, sign=signs), count, given.side))
        plain, signed = min(times[False]), min(times[True])
        print(f"\n{count} items: {plain:.2f} s unsigned, {signed:.2f} s signed: {signed / plain:.2f} times")


if __name__ == "__main__":
    main()
