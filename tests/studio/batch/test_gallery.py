"""The gallery: a page that needs no server, written as the batch goes, that shows any value and plays what there is."""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Audio, Image, Video
from studio.api.builtin import create_builtin_value_types
from studio.batch.gallery import Gallery, GalleryWriter, write_gallery
from studio.batch.item import Item, ItemOutput, ItemResult
from studio.batch.ledger import Ledger
from studio.batch.spec import BatchSpec
from studio.cache.digest import hash_file
from studio.errors import RunError, UsageError
from tests.studio.batch.chromium import open_browser

pytestmark = pytest.mark.xdist_group("processes")

_TYPES = {value_type.name: value_type for value_type in create_builtin_value_types()}
_HOSTILE = [
    "</script><script>window.hit=1</script>",
    "'\"><img src=x onerror=window.hit=1>",
    "🍏 Äpfel",
    "مصباح أحمر",
    "a\u2028b\0c",
]


def create_values() -> dict[str, Any]:
    """Return something small of each kind."""
    pixels = np.random.default_rng(1).integers(0, 256, (36, 48, 3), np.uint8)
    frames = [Image(np.roll(pixels, shift, 1)) for shift in range(12)]
    wave = np.sin(np.arange(16000) / 12).astype(np.float32)[:, None]
    return {
        "image": Image(pixels),
        "video": Video.from_images(frames, 12),
        "audio": Audio(wave, 16000),
        "text": "Tea. ☕",
    }


_TURN = """() => { const start = performance.now(); document.getElementById('order').click();
    return (performance.now() - start) / 1000; }"""


class Folder:
    """A batch's folder, filled by hand."""

    def __init__(self, path: Path, values: Sequence[Mapping[str, Any]]) -> None:
        self.path = path
        self.ledger = Ledger(path, create=True)
        with self.ledger.import_items() as importing:
            for index, row in enumerate(values):
                importing.add(Item(index, str(row.get("name", f"item {index}")), row, f"items.csv:{index + 2}"), "f")
        facts = {"spec": BatchSpec({"studio": 1}).to_json(), "outputs": {"card": "image", "film": "video"}}
        self.ledger.store(title="<b>Fruit</b>", **facts)
        self.ledger.leases.join()
        self.leases = {lease.item.index: lease for lease in self.ledger.leases.claim(10_000)}

    def write(self, index: int, output: str, kind: str, extension: str, value: Any) -> ItemOutput:
        path = self.path / f"{index} #%{output}.{extension}"
        if kind == "text":
            path.write_text(value, encoding="utf-8")
        else:
            _TYPES[kind].write_file(value, path, "{}")
        return ItemOutput(output, path.name, hash_file(path).hex(), path.stat().st_size, kind)

    def finish(
        self, index: int, *outputs: ItemOutput, error: Mapping[str, Any] | None = None, warnings: tuple[str, ...] = ()
    ) -> None:
        state = "failed" if error else "done"
        result = ItemResult(index, state, outputs, error, 0.5 + index, 3, 1, warnings=warnings)
        self.ledger.leases.complete([(self.leases[index], result)])


@pytest.fixture
def fruit(tmp_path: Path) -> Iterator[Folder]:
    """A batch with a picture, a film, a sound, a text, a failure, and an item that waits."""
    values = create_values()
    rows = [
        {"name": f"{i} {_HOSTILE[i % 5]}", "word": _HOSTILE[i % 5], "kind": "ab"[i % 2], "size": 10 - i}
        for i in range(6)
    ]
    folder = Folder(tmp_path / "my #1 batch", rows)
    folder.finish(
        0, folder.write(0, "card", "image", "png", values["image"]), folder.write(0, "words", "text", "txt", "x")
    )
    folder.finish(1, folder.write(1, "film", "video", "mp4", values["video"]))
    folder.finish(2, folder.write(2, "voice", "audio", "wav", values["audio"]))
    folder.finish(3, folder.write(3, "words", "text", "txt", _HOSTILE[0]), warnings=("rounded", "x" * 10_000))
    folder.finish(4, error={"code": "E322", "message": _HOSTILE[0], "node": "paint", "hint": "another one"})
    yield folder
    folder.ledger.close()


def read_items(folder: Path) -> dict[int, dict[str, Any]]:
    """Return the items that a gallery holds."""
    found = {}
    for path in sorted((folder / "gallery_files").glob("items-*.js")):
        text = path.read_text("ascii")
        for entry in json.loads(text[text.index("[") : text.rindex("]") + 1]):
            found[entry["i"]] = entry
    return found


def read_state(folder: Path) -> dict[str, Any]:
    text = (folder / "gallery_files" / "state.js").read_text("ascii")
    return dict(json.loads(text[text.index("{") : text.rindex("}") + 1]))


def test_a_gallery_holds_every_item(fruit: Folder) -> None:
    write_gallery(fruit.path)

    items = read_items(fruit.path)
    assert [items[i]["s"] for i in range(6)] == ["done"] * 4 + ["failed", "running"]
    assert (items[0]["f"][0]["k"], items[0]["f"][0]["w"], items[0]["f"][0]["h"]) == ("image", 48, 36)
    assert (items[1]["f"][0]["k"], items[1]["f"][0]["d"]) == ("video", 1.0)
    assert items[2]["f"][0]["d"] == 1.0
    assert max(items[2]["f"][0]["w"]) == 100
    assert items[3]["f"][0]["x"] == _HOSTILE[0]
    assert items[4]["e"] == {"code": "E322", "message": _HOSTILE[0], "node": "paint", "hint": "another one"}
    assert items[3]["w"][0] == "rounded"
    assert len(items[3]["w"][1]) < 2500
    assert [sorted(set(items[i]) & {"e", "w", "f"}) for i in range(6)] == [["f"]] * 3 + [["f", "w"], ["e", "f"], []]
    thumbs = [path.suffix for path in (fruit.path / "gallery_files" / "thumbs").rglob("*") if path.is_file()]
    assert thumbs == [".webp", ".webp"]


@pytest.mark.parametrize(
    ("facts", "title"),
    [
        ({"title": "Fruit", "path": "/graphs/apple.json"}, "Fruit"),
        ({"title": "", "path": "/graphs/apple.json"}, "apple"),
        ({"title": None, "path": None}, "my #1 batch"),
    ],
)
def test_a_gallery_is_titled_by_the_graph_its_file_or_the_folder(
    fruit: Folder, facts: dict[str, Any], title: str
) -> None:
    fruit.ledger.store(**facts)

    write_gallery(fruit.path)

    assert read_state(fruit.path)["title"] == title


def test_the_page_names_nothing_outside_of_its_folder(fruit: Folder) -> None:
    page = write_gallery(fruit.path).read_text(encoding="utf-8")

    addresses = re.findall(r"https?://[^\s\"'<>]+", page)
    assert set(addresses) <= {"http://www.w3.org/2000/svg"}
    assert "<b>Fruit</b>" not in page


def test_an_update_writes_what_changed_only(fruit: Folder) -> None:
    with Gallery(fruit.path) as gallery:
        gallery.update(running=True)
        before = read_state(fruit.path)["chunks"]
        fruit.finish(5, error={"code": "E1", "message": "late"})
        gallery.update(running=True)

    assert read_items(fruit.path)[5]["s"] == "failed"
    assert read_items(fruit.path)[0]["s"] == "done"
    assert read_state(fruit.path)["chunks"][0][1] > before[0][1]
    assert read_state(fruit.path)["running"] is True


def test_items_that_left_the_table_leave_the_gallery(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "out", [{"n": i} for i in range(600)])
    write_gallery(folder.path)
    assert len(read_items(folder.path)) == 600
    with folder.ledger.import_items() as importing:
        importing.add(Item(0, "item 0", {"n": 0}, ""), "f")

    write_gallery(folder.path)

    assert list(read_items(folder.path)) == [0]
    assert [path.name for path in (folder.path / "gallery_files").glob("items-*")] == ["items-0.js"]
    folder.ledger.close()


def test_previews_are_made_once_for_each_content(fruit: Folder) -> None:
    write_gallery(fruit.path)
    thumbs = list((fruit.path / "gallery_files" / "thumbs").rglob("*.webp"))
    times = {path: path.stat().st_mtime_ns for path in thumbs}

    write_gallery(fruit.path)

    assert {path: path.stat().st_mtime_ns for path in thumbs} == times


@pytest.mark.parametrize("name", ["0 #%card.png", "1 #%film.mp4", "2 #%voice.wav"])
@pytest.mark.parametrize("damage", ["gone", "cut", "empty", "a folder"])
def test_a_file_that_cannot_be_shown_is_only_named(fruit: Folder, name: str, damage: str) -> None:
    path = fruit.path / name
    data = path.read_bytes()
    path.unlink()
    if damage == "a folder":
        path.mkdir()
    elif damage != "gone":
        path.write_bytes(data[: len(data) // 3] if damage == "cut" else b"")

    write_gallery(fruit.path)

    assert read_items(fruit.path)[int(name[0])]["f"][0]["p"] == name


def test_a_folder_that_holds_no_batch_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="E742"):
        write_gallery(tmp_path)


def test_the_writer_does_not_keep_the_process_alive(fruit: Folder) -> None:
    before = {*threading.enumerate()}

    with GalleryWriter(fruit.path):
        started = {*threading.enumerate()} - before

    assert [thread.daemon for thread in started] == [True]


def test_a_gallery_that_cannot_be_written_is_kept_as_an_error(fruit: Folder) -> None:
    (fruit.path / "gallery_files").write_text("in the way", encoding="utf-8")

    with GalleryWriter(fruit.path) as writer:
        pass

    assert writer.error is not None
    assert writer.error.code == "E758"


def test_the_writer_goes_on_when_the_disk_is_free_again(fruit: Folder) -> None:
    (fruit.path / "gallery_files").write_text("in the way", encoding="utf-8")
    with GalleryWriter(fruit.path) as writer:
        while writer.error is None:
            pass
        (fruit.path / "gallery_files").unlink()

    assert writer.error is None
    assert len(read_items(fruit.path)) == 6


def test_partial_files_of_a_killed_process_are_removed(fruit: Folder) -> None:
    write_gallery(fruit.path)
    old, young = fruit.path / "gallery_files" / ".gallery-old.js", fruit.path / "gallery_files" / ".gallery-new.js"
    old.write_text("half", encoding="utf-8")
    young.write_text("half", encoding="utf-8")
    os.utime(old, (1, 1))

    write_gallery(fruit.path)

    assert (old.exists(), young.exists()) == (False, True)


def test_the_writer_leaves_a_gallery_of_the_end(fruit: Folder) -> None:
    with GalleryWriter(fruit.path) as writer:
        fruit.finish(5, error={"code": "E1", "message": "late"})

    assert writer.error is None
    assert read_items(fruit.path)[5]["s"] == "failed"
    assert read_state(fruit.path)["running"] is False


def test_large_images_are_not_decoded(fruit: Folder) -> None:
    from studio.settings import MediaLimits

    write_gallery(fruit.path, MediaLimits(max_pixels=100))

    assert "m" not in read_items(fruit.path)[0]["f"][0]


# -- in a browser ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium; what these tests check is what people see."""
    with open_browser() as opened:
        yield opened


Open = Callable[[Path], Any]


@pytest.fixture
def show(browser: Any) -> Iterator[Open]:
    """Open a gallery from the disk; afterwards nothing may have gone wrong in the page."""
    wrong: list[str] = []
    pages = []

    def open_page(folder: Path) -> Any:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(30_000)
        page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: wrong.append(request.url) if request.url.startswith("http") else None)
        page.goto((folder / "gallery.html").as_uri())
        page.wait_for_selector("html[data-ready]")
        pages.append(page)
        return page

    yield open_page
    assert wrong == []
    for page in pages:
        page.close()


def count_cards(page: Any, count: int) -> None:
    page.wait_for_selector(".card >> nth=0") if count else page.wait_for_selector("#nothing:not([hidden])")
    for _ in range(100):
        if page.locator(".card").count() == count:
            return
        page.evaluate("() => new Promise(requestAnimationFrame)")
    assert page.locator(".card").count() == count


def test_the_page_shows_hostile_values_as_text(fruit: Folder, show: Open) -> None:
    write_gallery(fruit.path)
    page = show(fruit.path)

    count_cards(page, 6)
    assert page.evaluate("window.hit") is None
    assert page.locator("h1").inner_text() == "<b>Fruit</b>"
    assert _HOSTILE[0] in page.locator(".card").nth(0).inner_text()
    assert page.locator(".card img").first.evaluate("image => image.decode().then(() => image.naturalWidth)") == 48


def test_the_page_filters_by_state_by_column_and_by_words(fruit: Folder, show: Open) -> None:
    write_gallery(fruit.path)
    page = show(fruit.path)

    page.click("#states .failed")
    count_cards(page, 1)
    page.click("#states button >> nth=0")
    count_cards(page, 6)
    page.select_option("[data-facet=kind]", "=b")
    count_cards(page, 3)
    page.select_option("[data-facet=kind]", "")
    page.fill("#search", "äpfel")
    count_cards(page, 1)
    page.fill("#search", "size:6")
    count_cards(page, 1)
    page.fill("#search", "nothing like it")
    count_cards(page, 0)


def make_checks(check: str, passed: bool, tries: int = 1) -> dict[str, Any]:
    """Return what a ledger has of one check of an item."""
    verdict = {"node": "look", "check": check, "passed": passed, "on_fail": "hold", "sentence": _HOSTILE[0]}
    return {"verdicts": [verdict], "tries": tries, "seeds": {"seed": 77} if tries > 1 else {}}


@pytest.fixture
def checked(tmp_path: Path) -> Iterator[Folder]:
    """Five items: two passed, one of them with another seed; two did not; one was not checked."""
    folder = Folder(tmp_path / "checked", [{"name": f"item {index}"} for index in range(5)])
    found = [("done", make_checks("check.text", True)), ("done", make_checks("check.text", True, 3))]
    found += [("held", make_checks("check.text", False, 5)), ("done", make_checks("check.image", False)), ("done", {})]
    rows = [(folder.leases[n], ItemResult(n, state, checks=checks)) for n, (state, checks) in enumerate(found)]
    folder.ledger.leases.complete(rows)
    yield folder
    folder.ledger.close()


def test_a_gallery_holds_the_verdicts_of_items(checked: Folder) -> None:
    write_gallery(checked.path)

    items = read_items(checked.path)
    verdict = {"node": "look", "check": "check.text", "passed": False, "sentence": _HOSTILE[0]}
    assert (items[2]["s"], items[2]["k"], items[2]["r"], items[2]["sd"]) == ("held", [verdict], 5, {"seed": 77})
    assert "k" not in items[4]


def test_the_page_filters_by_verdict(checked: Folder, show: Open) -> None:
    write_gallery(checked.path)
    page = show(checked.path)
    counts = {"passed": 2, "failed": 2, "reseeded": 1, "none": 1, "check.image": 1, "check.text": 1, "": 5}

    for key, count in counts.items():
        page.select_option("#verdicts", key)
        count_cards(page, count)
    page.select_option("#verdicts", "failed")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    count_cards(page, 2)
    page.click("#states .held")
    count_cards(page, 1)
    page.click(".card >> nth=0")
    assert page.locator("#side .unpassed").inner_text() == f"\u2717 check.text: {_HOSTILE[0]}"
    assert "try 5, seed 77" in page.locator("#side").inner_text()
    assert page.evaluate("window.hit") is None


def test_the_page_has_no_filter_of_verdicts_without_checks(fruit: Folder, show: Open) -> None:
    write_gallery(fruit.path)
    page = show(fruit.path)

    count_cards(page, 6)
    assert page.locator("#verdicts").count() == 0


def test_the_page_sorts_numbers_as_numbers(fruit: Folder, show: Open) -> None:
    write_gallery(fruit.path)
    page = show(fruit.path)

    page.select_option("#sort", "v:size")
    names = [name[0] for name in page.locator(".card").evaluate_all("cards => cards.map(card => card.dataset.name)")]
    page.click("#order")
    turned = [name[0] for name in page.locator(".card").evaluate_all("cards => cards.map(card => card.dataset.name)")]

    assert "".join(names) == "543210"
    assert "".join(turned) == "012345"


def test_the_page_plays_video_and_audio(fruit: Folder, show: Open) -> None:
    write_gallery(fruit.path)
    page = show(fruit.path)
    played = """medium => { medium.muted = true; return new Promise((done, fail) => {
        medium.addEventListener("timeupdate", () => medium.currentTime > 0.2 && done(medium.currentTime));
        medium.addEventListener("error", () => fail(medium.error && medium.error.message)); medium.play(); }); }"""

    page.locator(".card").nth(1).locator(".cap").click()
    assert page.locator("#view video").evaluate(played) > 0.2
    page.keyboard.press("Escape")
    page.locator(".card").nth(2).locator(".cap").click()
    assert page.locator("#view audio").evaluate(played) > 0.2
    page.keyboard.press("Escape")
    page.locator(".card").nth(2).locator("button.play").click()
    page.wait_for_selector(".card .wave rect.past")


def test_an_item_shows_its_values_its_error_and_how_to_make_it_again(fruit: Folder, show: Open) -> None:
    write_gallery(fruit.path)
    page = show(fruit.path)

    page.locator(".card").nth(0).locator(".cap").click()
    side = page.locator("#side").inner_text()
    assert all(part in side for part in ("items.csv:2", _HOSTILE[0], "48 × 36", "studio rerun '0 #%card.png'"))
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert "another one" in page.locator("#side").inner_text()
    assert _HOSTILE[0] in page.locator("#view").inner_text()


def test_the_table_sorts_by_its_head_and_the_theme_changes(fruit: Folder, show: Open) -> None:
    write_gallery(fruit.path)
    page = show(fruit.path)

    page.click("#table")
    page.locator(".row.top span", has_text="size").click()
    first = page.locator(".row:not(.top)").first.get_attribute("data-name")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")

    assert first[0] == "5"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before


def test_a_page_that_is_open_sees_what_happens(fruit: Folder, show: Open) -> None:
    with Gallery(fruit.path) as gallery:
        gallery.update(running=True)
        page = show(fruit.path)
        assert page.locator(".card.running").count() == 1
        fruit.finish(5, error={"code": "E1", "message": "late"})
        gallery.update(running=True)

        page.wait_for_selector(".card.failed >> nth=1")


def test_a_page_without_its_files_says_so(fruit: Folder, browser: Any) -> None:
    write_gallery(fruit.path)
    shutil.rmtree(fruit.path / "gallery_files")
    page = browser.new_page()
    page.goto((fruit.path / "gallery.html").as_uri())

    page.wait_for_selector("#nothing:not([hidden])")
    assert "gallery_files" in page.locator("#nothing").inner_text()
    page.close()


@pytest.mark.slow
def test_ten_thousand_items_are_usable(tmp_path: Path, show: Open) -> None:
    folder = Folder(tmp_path / "out", [{"n": i, "word": f"word {i % 7}"} for i in range(10_000)])
    picture = folder.write(0, "card", "image", "png", create_values()["image"])
    for index in range(0, 10_000, 100):
        folder.finish(index, picture)
    write_gallery(folder.path)
    page = show(folder.path)

    assert page.locator(".card").count() < 100
    page.fill("#search", "item 9999")
    count_cards(page, 1)
    page.fill("#search", "")
    page.locator("#main").evaluate("main => { main.scrollTop = main.scrollHeight; }")
    page.wait_for_selector("[data-name='item 9999']")
    seconds = page.evaluate(_TURN)
    assert seconds < 2
    folder.ledger.close()


def test_a_ledger_from_elsewhere_shows_and_writes_nothing_outside_of_its_folder(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "batch", [{}, {}, {}])
    (tmp_path / "secret.txt").write_text("the secret", encoding="utf-8")
    (tmp_path / "batch/link.txt").symlink_to(tmp_path / "secret.txt")
    picture = folder.write(1, "card", "image", "png", create_values()["image"])
    folder.finish(0, ItemOutput("words", "../secret.txt", "d" * 64, 10, "text"))
    folder.finish(1, ItemOutput("card", picture.path, "..a/../../../../stolen", picture.bytes, "image"))
    folder.finish(2, ItemOutput("words", "link.txt", "d" * 64, 10, "text"))
    folder.ledger.close()

    write_gallery(folder.path)

    assert [read_items(folder.path)[index]["f"][0].keys() & {"x", "m"} for index in range(3)] == [set(), set(), set()]
    assert list(tmp_path.rglob("*.webp")) == []


@pytest.mark.parametrize("checks", ['{"verdicts": ["x"], "tries": "x", "seeds": 5}', '{"verdicts": 5, "seeds": ["x"]}'])
def test_checks_of_other_kinds_in_a_ledger_from_elsewhere_are_not_shown(tmp_path: Path, checks: str) -> None:
    folder = Folder(tmp_path / "batch", [{}])
    folder.finish(0)
    with folder.ledger.file.transaction() as connection:
        connection.execute("UPDATE items SET checks = ?", (checks,))
    folder.ledger.close()

    write_gallery(folder.path)

    item = read_items(folder.path)[0]
    assert (item.get("k"), item["r"], item["sd"]) == (None, 1, {})


def test_a_gallery_is_not_written_through_a_link_out_of_its_folder(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "batch", [{}])
    folder.ledger.close()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/items-9.js").write_text("mine", encoding="utf-8")
    (tmp_path / "batch/gallery_files").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(RunError, match="leaves the output folder"):
        write_gallery(folder.path)

    assert os.listdir(tmp_path / "elsewhere") == ["items-9.js"]
