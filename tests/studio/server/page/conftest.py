"""The page in headless Chromium, on a server with the fakes of the suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import graph

from tests.studio.batch.chromium import open_browser
from tests.studio.server.conftest import Desk

PATIENCE_MILLISECONDS = 60_000
AXE = Path(__file__).parent / "axe" / "axe.min.js"
NOISE = {
    **graph(
        {"a": ("fake.image", {"seed": "@inputs.seed", "side": 64}), "b": ("fake.invert", {"image": "@a"})}, picture="b"
    ),
    "title": "Noise",
    "description": "noise, turned round",
    "inputs": {"seed": {"type": "int", "default": 1, "minimum": 0, "description": "another seed, another picture"}},
}
HUM = {
    **graph({"a": ("fake.hum", {"text": "@inputs.words"})}, hum="a"),
    "title": "Hum",
    "inputs": {"words": {"type": "text", "default": "la"}},
}
FILM = {
    **graph({"a": ("fake.film", {"n": "@inputs.frames", "side": 64})}, film="a"),
    "title": "Film",
    "inputs": {"frames": {"type": "int", "default": 4, "minimum": 1, "maximum": 9}},
}
KEEP = {
    **graph(
        {"a": ("fake.invert", {"image": "@inputs.photo"}), "b": ("fake.same", {"value": "@inputs.keep"})},
        picture="a",
        mask="b",
    ),
    "title": "Keep",
    "inputs": {
        "photo": {"type": "image", "default": {"file": "photo.png"}, "description": "a photograph"},
        "keep": {"type": "mask", "default": {"file": "mask.png"}, "description": "what stays"},
        "note": {"type": "text", "default": ""},
    },
    "ui": {"inputs": {"keep": {"over": "photo"}, "note": {"advanced": True}}},
}  # fmt: skip
WAIT = {**graph({"a": ("fake.wait", {"gate": "gate", "cautious": True})}, number="a"), "title": "Wait"}


class Page:
    """A page of a browser that looks at a server.

    Attributes:
        tab: Playwright's page.
        faults: What the console said, and failed requests.
    """

    def __init__(self, tab: Any, url: str) -> None:
        self.tab = tab
        self.url = url
        self.faults: list[str] = []
        tab.set_default_timeout(PATIENCE_MILLISECONDS)
        tab.on("console", lambda line: self.faults.append(line.text) if line.type in ("error", "warning") else None)
        tab.on("pageerror", lambda error: self.faults.append(str(error)))

    def open(self, place: str = "/") -> None:
        """Open a place of the page, and wait for its heading."""
        self.tab.goto(f"{self.url}/#{place}")
        self.tab.wait_for_selector("main h1")

    def go(self, place: str) -> None:
        """Go to a place of the page."""
        self.tab.evaluate("place => { location.hash = place; }", place)
        self.tab.wait_for_selector("main h1")

    def run(self) -> None:
        """Run the form, and wait for its result."""
        self.tab.click(".form-foot button")
        self.tab.wait_for_selector(".result-bar")

    def check_accessibility(self) -> list[str]:
        """Return what axe-core finds."""
        self.tab.wait_for_timeout(250)  # animations end
        self.tab.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.tab.evaluate("axe.run(document)")
        return [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found["violations"]]

    def measure_overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return int(self.tab.evaluate("document.documentElement.scrollWidth - innerWidth"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser."""
    with open_browser() as found:
        yield found


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Page]]:
    """Open pages with options of Playwright's contexts."""
    contexts: list[Any] = []

    def begin(desk_url: str, **options: Any) -> Page:
        options = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **options}
        contexts.append(browser.new_context(bypass_csp=options.pop("bypass_csp", False), **options))
        return Page(contexts[-1].new_page(), desk_url)

    yield begin
    for context in contexts:
        context.close()


def write_graphs(desk: Desk) -> None:
    """Write graphs that make each kind of media."""
    from PIL import Image

    Image.linear_gradient("L").resize((120, 80)).save(desk.graphs / "photo.png")
    Image.new("L", (120, 80)).save(desk.graphs / "mask.png")
    for name, document in {"noise": NOISE, "hum": HUM, "film": FILM, "keep": KEEP, "wait": WAIT}.items():
        desk.write_graph(name, document)
