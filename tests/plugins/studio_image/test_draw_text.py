"""Text, captions and contact sheets: ink where it was asked for and nowhere else."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import numpy as np
import PIL.features
import pytest
from PIL import ImageFont

from studio.api import File, Image, MediaError
from studio.testing import TestContext
from studio_image import typeset
from studio_image.font_tables import parse_font
from studio_image.nodes import sheets, text

CTX = TestContext()
FONTS = Path(typeset.__file__).parent / "fonts"


def black(width: int = 400, height: int = 200, channels: int = 3) -> Image:
    return Image(np.zeros((height, width, channels), np.float32))


def find_ink(image: Image) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of what is not black."""
    rows, columns = np.nonzero(image.pixels.max(axis=2) > 0.02)
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


ANCHORS = {
    "top_left": (0, 0), "top": (0.5, 0), "top_right": (1, 0), "left": (0, 0.5), "center": (0.5, 0.5),
    "right": (1, 0.5), "bottom_left": (0, 1), "bottom": (0.5, 1), "bottom_right": (1, 1),
}  # fmt: skip


@pytest.mark.parametrize("anchor", sorted(ANCHORS))
def test_ink_lies_at_its_anchor_within_the_margin(anchor: str) -> None:
    across, down = ANCHORS[anchor]

    left, top, right, bottom = find_ink(text.draw_text(CTX, black(), "HXH", size=40, anchor=anchor, margin=20))

    assert left >= 20
    assert top >= 20
    assert right <= 380
    assert bottom <= 180
    # capitals lie within the line's box, which is about 0.92 em high
    assert left == pytest.approx(20 + across * (360 - (right - left)), abs=6)
    assert (top + bottom) / 2 == pytest.approx(20 + down * 160, abs=14 if down == 0.5 else 28)


def test_capitals_are_as_high_as_the_font_says() -> None:
    _, top, _, bottom = find_ink(text.draw_text(CTX, black(), "HHH", size=100, font="display"))

    assert bottom - top == pytest.approx(100 * typeset.load_font("display").tables.cap_height, abs=1.5)


def test_nothing_but_the_text_changes() -> None:
    image = Image(np.random.default_rng(0).random((200, 400, 3), dtype=np.float32))

    drawn = text.draw_text(CTX, image, "here", size=20, anchor="top_left", margin=10)

    assert np.array_equal(drawn.pixels[60:], image.pixels[60:])
    assert np.array_equal(drawn.pixels[:, 120:], image.pixels[:, 120:])
    assert not np.array_equal(drawn.pixels[:60, :120], image.pixels[:60, :120])


@pytest.mark.parametrize("words", ["", "   ", "\n\n", "\u200b"])
def test_no_text_draws_nothing(words: str) -> None:
    assert text.draw_text(CTX, black(), words) == black()


def test_letters_have_the_color_and_antialiased_edges() -> None:
    drawn = text.draw_text(CTX, black(), "O", size=80, color="#ff8000").pixels

    assert drawn.reshape(-1, 3).max(axis=0) == pytest.approx([1, 128 / 255, 0])
    levels = np.unique(drawn[:, :, 0])
    assert len(levels) > 8
    assert drawn[:, :, 1] == pytest.approx(drawn[:, :, 0] * 128 / 255, abs=1e-6)


def test_a_grey_image_stays_grey_for_a_grey_color_and_16_bits_stay_deep() -> None:
    deep = Image(np.full((60, 200), 12345, np.uint16))

    drawn = text.draw_text(CTX, deep, "Hi", size=20, color="white", anchor="left")

    assert drawn.channels == 1
    assert drawn.pixels[0, 199, 0] == pytest.approx(12345 / 65535, abs=1e-7)
    assert text.draw_text(CTX, deep, "Hi", color="red").channels == 3


def test_text_on_a_transparent_image_is_opaque_only_where_it_is() -> None:
    drawn = text.draw_text(CTX, black(channels=4), "HXH", size=60, color="#00ff00").pixels

    assert drawn[0, 0, 3] == 0
    assert drawn[:, :, 3].max() == 1
    seen = drawn[drawn[:, :, 3] > 0.02]
    assert seen[:, :3] == pytest.approx(np.tile([0, 1, 0], (len(seen), 1)), abs=1e-5)


def test_wrapping_keeps_lines_within_the_width_and_loses_no_word() -> None:
    style = typeset.Style(typeset.load_fonts("sans"), 20)
    words = "the quick brown fox jumps over the lazy dog and a-hyphenated-word " * 3

    for balanced in (False, True):
        block = typeset.set_block(words, style, 150, balanced=balanced)
        shown = "".join(piece.text for line in block.lines for piece in line.pieces)
        assert max(line.width for line in block.lines) <= 150
        assert shown == words.replace(" ", "")


def test_balancing_evens_out_lines_without_adding_any() -> None:
    style = typeset.Style(typeset.load_fonts("serif"), 20)
    words = "a title of several words that almost fits into one line but does not quite"
    width = typeset.set_block(words, style).width * 0.93

    ragged = [line.width for line in typeset.set_block(words, style, width).lines]
    even = [line.width for line in typeset.set_block(words, style, width, balanced=True).lines]

    assert len(even) == len(ragged) == 2
    assert min(even) > 0.85 * max(even)
    assert min(ragged) < 0.3 * max(ragged)


def test_a_word_wider_than_the_line_is_cut() -> None:
    block = typeset.set_block("x" * 100, typeset.Style(typeset.load_fonts("sans"), 20), 100)

    assert len(block.lines) > 5
    assert block.width <= 100


@pytest.mark.skipif(not PIL.features.check("raqm"), reason="HarfBuzz, which this compares with, is not there")
@pytest.mark.parametrize("name", ["sans", "sans_bold", "serif", "display", "universal"])
def test_kerning_agrees_with_harfbuzz(name: typeset.FontName) -> None:
    font = typeset.load_font(name)
    shaper = ImageFont.truetype(str(FONTS / typeset._FILES[name]), 1000, layout_engine=ImageFont.Layout.RAQM)
    off = ["-liga", "-dlig", "-clig", "-calt"]
    kerned = 0

    for left, right in itertools.product("AVTLoevr.,-F", repeat=2):
        pair = shaper.getlength(left + right, features=off)
        expected = pair - shaper.getlength(left) - shaper.getlength(right)
        kerned += expected != 0
        assert font.tables.find_kerning(left, right) * 1000 == pytest.approx(expected, abs=1.5)
        assert font.tables.find_advance(left) * 1000 == pytest.approx(shaper.getlength(left), abs=1.5)
    assert kerned > 20


def test_a_line_is_as_wide_as_its_letters_with_kerning_and_tracking() -> None:
    tables = typeset.load_font("serif").tables
    style = typeset.Style(typeset.load_fonts("serif"), 100, tracking=0.1)

    width = typeset.set_block("AV", style).width

    assert tables.find_kerning("A", "V") < -0.05
    expected = tables.find_advance("A") + tables.find_advance("V") + tables.find_kerning("A", "V") + 0.1
    assert width == pytest.approx(100 * expected)


def test_a_word_with_a_letter_that_the_font_lacks_comes_whole_from_the_wide_font() -> None:
    wide = typeset.load_font("universal")
    block = typeset.set_block("Neon Привет", typeset.Style(typeset.load_fonts("sans"), 20))

    fonts = {piece.text: piece.font is wide for piece in block.lines[0].pieces}

    assert fonts["N"] is False
    assert all(fonts[c] for c in "Привет")
    assert block.missing == ""


def test_characters_that_no_font_has_are_named_and_do_not_crash() -> None:
    context = TestContext()

    drawn = text.draw_text(context, black(), "ok 🎨 中 ❤️ 👩‍🎨", size=20)

    assert drawn != black()
    assert len(context.messages) == 1
    assert "U+1F3A8 artist palette" in context.messages[0]
    assert "U+4E2D" in context.messages[0]
    assert "U+FE0F" not in context.messages[0]


@pytest.mark.parametrize(
    "words",
    ["שלום עולם", "مرحبا بالعالم", "mixed שלום text", "नमस्ते", "e\u0301a\u0308", "\u202eabc", "\x00\x07bell", "a\tb",
     "x\u00a0y"],
)  # fmt: skip
@pytest.mark.parametrize("shaping", [True, False])
def test_any_script_is_drawn_without_a_crash(words: str, shaping: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not shaping:
        monkeypatch.setattr(typeset, "_can_shape", lambda: False)

    assert text.draw_text(TestContext(), black(), words, size=30) != black()


def test_composed_and_decomposed_accents_look_the_same() -> None:
    assert text.draw_text(CTX, black(), "e\u0301") == text.draw_text(CTX, black(), "\u00e9")


def test_outline_shadow_and_box_lie_around_the_letters() -> None:
    plain = find_ink(text.draw_text(CTX, black(), "H", size=60))

    outlined = find_ink(text.draw_text(CTX, black(), "H", size=60, outline=5, outline_color="red"))
    shadowed = find_ink(text.draw_text(CTX, black(), "H", size=60, shadow="red", shadow_offset=0.2, shadow_blur=0))
    boxed = find_ink(text.draw_text(CTX, black(), "H", size=60, box="#400000", padding=0.5))

    assert [b - a for a, b in zip(plain, outlined, strict=True)] == pytest.approx([-5, -5, 5, 5], abs=1)
    assert [b - a for a, b in zip(plain, shadowed, strict=True)] == pytest.approx([0, 0, 12, 12], abs=1)
    assert boxed[0] < plain[0] - 28
    assert boxed[3] > plain[3] + 28


def test_alignment_moves_the_shorter_line() -> None:
    def find_second_line(align: str) -> int:
        drawn = text.draw_text(CTX, black(), "HHHHHHHH\nI", size=30, align=align)
        bottom = find_ink(drawn)[3]
        lower = drawn.pixels[bottom - 10 : bottom].max(axis=(0, 2))
        return int(np.argmax(lower > 0.5))

    assert find_second_line("left") < find_second_line("center") < find_second_line("right")


def test_a_font_of_ones_own_is_used_and_a_broken_one_is_an_error(tmp_path: Path) -> None:
    own = File(FONTS / "BebasNeue-Bold.otf", "0" * 64, 1)
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"\0\1\0\0" + bytes(100))

    assert text.draw_text(CTX, black(), "abc", font_file=own) == text.draw_text(CTX, black(), "abc", font="display")
    for name in (broken, tmp_path / "absent.ttf"):
        with pytest.raises(MediaError) as caught:
            text.draw_text(CTX, black(), "abc", font_file=File(name, "0" * 64, 1))
        assert caught.value.code == "E508"


def test_a_font_cut_off_anywhere_is_refused_or_read_but_never_crashes() -> None:
    data = (FONTS / "BebasNeue-Bold.otf").read_bytes()
    rng = np.random.default_rng(0)

    for cut in rng.integers(0, len(data), 200):
        damaged = bytearray(data[: int(cut)])
        for place in rng.integers(0, max(1, min(len(damaged), 4000)), 8):
            if damaged:
                damaged[int(place)] ^= 0xFF
        try:
            parse_font(bytes(damaged))
        except ValueError:
            continue


def test_text_larger_than_an_image_may_be_is_an_error() -> None:
    with pytest.raises(MediaError) as caught:
        text.draw_text(CTX, black(), "W" * 2000, size=8000, wrap_width=0)

    assert caught.value.code == "E506"


def test_a_long_text_is_set_in_time() -> None:
    began = time.process_time()

    text.draw_text(CTX, black(), "word " * 4000, size=8)

    assert time.process_time() - began < 5.0  # measured 1.3 s on two busy cores


def test_drawing_on_a_single_sample_works() -> None:
    dot = Image(np.zeros((1, 1, 3)))

    assert text.draw_text(CTX, dot, "A").width == 1
    for style in ("band", "overlay", "print"):
        assert text.caption_image(CTX, dot, "A title", subtitle="and more", style=style).width >= 1


@pytest.mark.parametrize("position", ["top", "bottom"])
def test_a_band_is_added_and_the_image_stays_as_it_is(position: str) -> None:
    image = Image(np.random.default_rng(0).random((150, 300, 3), dtype=np.float32))

    result = text.caption_image(CTX, image, "A Title", subtitle="and a line", position=position, band_color="navy")

    band = result.height - 150
    inner = result.pixels[:150] if position == "bottom" else result.pixels[band:]
    ground = result.pixels[-2, 2] if position == "bottom" else result.pixels[1, 2]
    assert 20 < band < 150
    assert result.width == 300
    assert np.array_equal(inner, image.pixels)
    assert ground == pytest.approx([0, 0, 128 / 255])


def test_the_words_of_a_band_lie_inside_it_and_in_its_middle() -> None:
    result = text.caption_image(CTX, black(300, 150), "Title", band_color="black", text_color="white")

    left, top, right, bottom = find_ink(result)

    assert top > 150 + 8
    assert bottom < result.height - 8
    assert (left + right) / 2 == pytest.approx(150, abs=3)
    assert (top - 150) == pytest.approx(result.height - bottom, abs=4)


def test_an_overlay_keeps_the_size_and_the_far_half_of_the_image() -> None:
    image = Image(np.random.default_rng(0).random((400, 300, 3), dtype=np.float32))

    result = text.caption_image(CTX, image, "Title", style="overlay", text_color="white")

    assert (result.width, result.height) == (300, 400)
    assert np.array_equal(result.pixels[:200], image.pixels[:200])
    assert result.pixels[-5:].mean() < 0.25 < image.pixels[-5:].mean()


def test_a_print_has_paper_on_all_sides() -> None:
    result = text.caption_image(CTX, black(300, 200), "Title", style="print").pixels

    for edge in (result[0], result[-1], result[:, 0], result[:, -1]):
        assert edge.min() > 0.9


def test_a_long_title_is_made_smaller_until_it_fits() -> None:
    title = "An exceedingly long title with donaudampfschifffahrtsgesellschaft " * 3

    result = text.caption_image(CTX, black(200, 200), title, band_color="black", text_color="white")

    left, _, right, _ = find_ink(result)
    assert left > 4
    assert right < 196


@pytest.mark.parametrize("ground", ["white", "black", "#808080", "#ffcc00", "#102060"])
def test_the_title_can_be_read_on_any_band(ground: str) -> None:
    result = text.caption_image(CTX, black(900, 300), "Title", band_color=ground, font="sans_bold")
    band = result.pixels[300:] @ np.array([0.2126, 0.7152, 0.0722], np.float32)

    low, high = sorted((float(band.min()), float(band.max())))
    light, dark = (((v + 0.055) / 1.055) ** 2.4 for v in (high, max(low, 0.04)))
    assert (light + 0.05) / (dark + 0.05) > 4.0  # WCAG 2.2 asks for 3 : 1 for large text


def test_an_empty_caption_changes_nothing() -> None:
    assert text.caption_image(CTX, black(), "  ", subtitle="") == black()


def test_alpha_survives_a_caption() -> None:
    clear = Image(np.zeros((100, 200, 4)))

    result = text.caption_image(CTX, clear, "Title").pixels

    assert result[:100, :, 3].max() == 0
    assert result[100:, :, 3].min() == pytest.approx(1, abs=1e-6)


def make_flat(level: float, width: int = 10, height: int = 10, channels: int = 1) -> Image:
    return Image(np.full((height, width, channels), level, np.float32))


def test_a_grid_puts_each_image_into_its_cell_in_reading_order() -> None:
    context = TestContext()
    images = [make_flat((n + 1) / 10) for n in range(5)]

    sheet = sheets.make_grid(context, images, columns=3, gap=2, margin=1, background="black").pixels[:, :, 0]

    assert sheet.shape == (2 * 1 + 2 * 10 + 2, 2 * 1 + 3 * 10 + 2 * 2)
    for n in range(5):
        top, left = 1 + n // 3 * 12, 1 + n % 3 * 12
        assert sheet[top : top + 10, left : left + 10] == pytest.approx((n + 1) / 10)
        sheet = np.array(sheet)
        sheet[top : top + 10, left : left + 10] = 0
    assert sheet.max() == 0
    assert context.steps == [(n, 5) for n in range(1, 6)]


def test_a_grid_can_be_cancelled_between_images() -> None:
    from studio.api import Cancelled

    with pytest.raises(Cancelled):
        sheets.make_grid(TestContext(cancel_at_step=2), [make_flat(0.5)] * 4)


@pytest.mark.parametrize(("fit", "covered"), [("fit", 0.5), ("fill", 1.0), ("stretch", 1.0)])
def test_a_wide_image_lies_in_a_square_cell_as_asked(fit: str, covered: float) -> None:
    sheet = sheets.make_grid(CTX, [make_flat(1.0, 20, 10)], cell_width=40, cell_height=40, margin=0, fit=fit,
                             background="black")  # fmt: skip

    assert sheet.pixels.mean() == pytest.approx(covered, abs=0.01)


def test_a_grid_mixes_channels_and_keeps_what_is_transparent() -> None:
    clear = Image(np.zeros((10, 10, 4)))

    over = sheets.make_grid(CTX, [make_flat(0.5), clear], gap=0, margin=0, background="red").pixels
    apart = sheets.make_grid(CTX, [make_flat(0.5), clear], gap=0, margin=0, background="transparent").pixels

    assert over.shape == (10, 20, 4)
    assert over[5, 15] == pytest.approx([1, 0, 0, 1])
    assert apart[5, 15, 3] == 0
    assert apart[5, 5] == pytest.approx([0.5, 0.5, 0.5, 1])


def test_labels_stand_below_their_images_within_the_cell() -> None:
    images = [make_flat(0.0, 100, 60, 3)] * 3

    sheet = sheets.make_grid(CTX, images, columns=3, gap=10, margin=0, background="black",
                             labels=["one", "", "a label much too long for the cell " * 5])  # fmt: skip
    ink = sheet.pixels.max(axis=2)

    assert ink[:60].max() == 0
    assert ink[60:, :100].max() > 0.5
    assert ink[60:, 100:220].max() == 0
    assert ink[60:, 220:].max() > 0.5


def test_labels_must_be_as_many_as_images() -> None:
    with pytest.raises(MediaError, match="1 labels for 2 images"):
        sheets.make_grid(CTX, [make_flat(0.1)] * 2, labels=["one"])


def test_a_sheet_over_the_limits_is_refused() -> None:
    with pytest.raises(MediaError) as caught:
        sheets.make_grid(CTX, [make_flat(0.1)] * 4, cell_width=60_000, cell_height=60_000)

    assert caught.value.code == "E506"
