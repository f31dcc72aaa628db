"""What a gallery costs a batch: CPU time of writing it; and how fast its page of 10,000 items is in Chromium.

    python benchmarks/bench_gallery.py                     1,000 pictures of 512 x 512, then a page of 10,000 items
    python benchmarks/bench_gallery.py --pictures 200 --items 2000

CPU times are those of this process. Times of the page are wall times by Chromium's own clock, of a page on this disk.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from studio.api import Image
from studio.api.builtin import create_builtin_value_types
from studio.batch.gallery import Gallery
from studio.batch.item import Item, ItemOutput, ItemResult, ItemState
from studio.batch.ledger import Ledger
from studio.batch.spec import BatchSpec
from studio.cache.digest import hash_file

_SORT = """() => { const start = performance.now(); const sort = document.getElementById('sort');
    sort.value = 'v:prompt'; sort.onchange(); return performance.now() - start; }"""
_SCROLL = """() => new Promise(done => { const main = document.getElementById('main');
    let worst = 0, last = performance.now(), turns = 0;
    const step = () => { const now = performance.now(); worst = Math.max(worst, now - last); last = now;
        main.scrollTop += 700; ++turns < 60 ? requestAnimationFrame(step) : done(worst); };
    requestAnimationFrame(step); })"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--items", type=int, default=10_000)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pictures = write_pictures(Path(folder) / "small", wanted.pictures)
        fill(Path(folder) / "small", pictures, wanted.pictures)
        first, again = measure_writing(Path(folder) / "small")
        print(
            f"previews of {wanted.pictures} pictures of 512 x 512: {1000 * first / wanted.pictures:.2f} ms CPU an item"
        )
        print(f"the same again, nothing new: {1000 * again / wanted.pictures:.3f} ms CPU an item")
        large = Path(folder) / "large"
        fill(large, write_pictures(large, 50), wanted.items)
        measure_writing(large)
        size = sum(path.stat().st_size for path in large.glob("gallery_files/*.js"))
        print(f"{wanted.items} items: {size / 1e6:.1f} MB beside the page")
        for name, value in measure_page(large).items():
            print(f"{name}: {value:.0f} ms")


def write_pictures(folder: Path, count: int) -> list[ItemOutput]:
    """Write pictures as a batch would have; smooth ones, as most are."""
    folder.mkdir(parents=True)
    value_type = create_builtin_value_types()[0]
    ramp = np.linspace(0, 1, 512, dtype=np.float32)
    made = []
    for number in range(count):
        planes = [np.sin(6 * np.outer(ramp, ramp) + number * k) / 2 + 0.5 for k in (1, 2, 3)]
        path = folder / f"{number}.png"
        value_type.write_file(Image((np.stack(planes, 2) * 255).astype(np.uint8)), path, "{}")
        made.append(ItemOutput("card", path.name, hash_file(path).hex(), path.stat().st_size, "image"))
    return made


def fill(folder: Path, outputs: Sequence[ItemOutput], count: int) -> None:
    """Write a ledger of items that are done."""
    with Ledger(folder, create=True) as ledger:
        with ledger.import_items() as importing:
            for number in range(count):
                values = {
                    "prompt": f"a still life, number {number}",
                    "seed": number,
                    "style": ["ink", "oil", "pen"][number % 3],
                }
                importing.add(Item(number, f"item {number}", values, f"items.csv:{number + 2}"), "f")
        ledger.store(spec=BatchSpec({"studio": 1}).to_json(), outputs={"card": "image"})
        ledger.leases.join()
        results = [
            (
                lease,
                ItemResult(lease.item.index, ItemState.DONE, (outputs[lease.item.index % len(outputs)],), seconds=0.1),
            )
            for lease in ledger.leases.claim(count)
        ]
        ledger.leases.complete(results)


def measure_writing(folder: Path) -> tuple[float, float]:
    """Return the CPU seconds of a gallery made from nothing, and of one where nothing is new."""
    found = []
    for _ in range(2):
        begin = time.process_time()
        with Gallery(folder) as gallery:
            gallery.update()
        found.append(time.process_time() - begin)
    return found[0], found[1]


def measure_page(folder: Path) -> dict[str, float]:
    """Return times of the page in milliseconds."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page: Any = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto((folder / "gallery.html").as_uri())
        page.wait_for_selector("html[data-ready]")
        ready = page.evaluate("() => performance.now()")
        found = {"until all items are there": ready, "sorting by a text": page.evaluate(_SORT)}
        found["longest frame while scrolling"] = page.evaluate(_SCROLL)
        browser.close()
    return found


if __name__ == "__main__":
    main()
