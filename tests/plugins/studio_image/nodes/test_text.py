"""Text and captions: ink where it was asked for and nowhere else."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from studio.api import File, Image, MediaError
from studio.testing import TestContext
from studio_image import typeset
from studio_image.nodes import text

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

    left, top, right, bottom = find_ink(text.draw_text(CTX, black(), "HXH", font_size=40, anchor=anchor, margin=20))

    assert left >= 20
    assert top >= 20
    assert right <= 380
    assert bottom <= 180
    # capitals lie within the line's box, which is about 0.92 em high
    assert left == pytest.approx(20 + across * (360 - (right - left)), abs=6)
    assert (top + bottom) / 2 == pytest.approx(20 + down * 160, abs=14 if down == 0.5 else 28)


def test_capitals_are_as_high_as_the_font_says() -> None:
    _, top, _, bottom = find_ink(text.draw_text(CTX, black(), "HHH", font_size=100, font="display"))

    assert bottom - top == pytest.approx(100 * typeset.load_font("display").tables.cap_height, abs=1.5)


def test_nothing_but_the_text_changes() -> None:
    image = Image(np.random.default_rng(0).random((200, 400, 3), dtype=np.float32))

    drawn = text.draw_text(CTX, image, "here", font_size=20, anchor="top_left", margin=10)

    assert np.array_equal(drawn.pixels[60:], image.pixels[60:])
    assert np.array_equal(drawn.pixels[:, 120:], image.pixels[:, 120:])
    assert not np.array_equal(drawn.pixels[:60, :120], image.pixels[:60, :120])


@pytest.mark.parametrize("words", ["", "   ", "\n\n", "\u200b"])
def test_no_text_draws_nothing(words: str) -> None:
    assert text.draw_text(CTX, black(), words) == black()


def test_letters_have_the_color_and_antialiased_edges() -> None:
    drawn = text.draw_text(CTX, black(), "O", font_size=80, color="#ff8000").pixels

    assert drawn.reshape(-1, 3).max(axis=0) == pytest.approx([1, 128 / 255, 0])
    levels = np.unique(drawn[:, :, 0])
    assert len(levels) > 8
    assert drawn[:, :, 1] == pytest.approx(drawn[:, :, 0] * 128 / 255, abs=1e-6)


def test_a_grey_image_stays_grey_for_a_grey_color_and_16_bits_stay_deep() -> None:
    deep = Image(np.full((60, 200), 12345, np.uint16))

    drawn = text.draw_text(CTX, deep, "Hi", font_size=20, color="white", anchor="left")

    assert drawn.channels == 1
    assert drawn.pixels[0, 199, 0] == pytest.approx(12345 / 65535, abs=1e-7)
    assert text.draw_text(CTX, deep, "Hi", color="red").channels == 3


def test_text_on_a_transparent_image_is_opaque_only_where_it_is() -> None:
    drawn = text.draw_text(CTX, black(channels=4), "HXH", font_size=60, color="#00ff00").pixels

    assert drawn[0, 0, 3] == 0
    assert drawn[:, :, 3].max() == 1
    seen = drawn[drawn[:, :, 3] > 0.02]
    assert seen[:, :3] == pytest.approx(np.tile([0, 1, 0], (len(seen), 1)), abs=1e-5)


def test_characters_that_no_font_has_are_named_and_do_not_crash() -> None:
    context = TestContext()

    drawn = text.draw_text(context, black(), "ok 🎨 中 ❤️ 👩‍🎨", font_size=20)

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

    assert text.draw_text(TestContext(), black(), words, font_size=30) != black()


def test_composed_and_decomposed_accents_look_the_same() -> None:
    assert text.draw_text(CTX, black(), "e\u0301") == text.draw_text(CTX, black(), "\u00e9")


def test_outline_shadow_and_box_lie_around_the_letters() -> None:
    plain = find_ink(text.draw_text(CTX, black(), "H", font_size=60))

    outlined = find_ink(text.draw_text(CTX, black(), "H", font_size=60, outline=5, outline_color="red"))
    shadowed = find_ink(text.draw_text(CTX, black(), "H", font_size=60, shadow="red", shadow_offset=0.2, shadow_blur=0))
    boxed = find_ink(text.draw_text(CTX, black(), "H", font_size=60, background="#400000", padding=0.5))

    assert [b - a for a, b in zip(plain, outlined, strict=True)] == pytest.approx([-5, -5, 5, 5], abs=1)
    assert [b - a for a, b in zip(plain, shadowed, strict=True)] == pytest.approx([0, 0, 12, 12], abs=1)
    assert boxed[0] < plain[0] - 28
    assert boxed[3] > plain[3] + 28


def test_alignment_moves_the_shorter_line() -> None:
    def find_second_line(align: str) -> int:
        drawn = text.draw_text(CTX, black(), "HHHHHHHH\nI", font_size=30, align=align)
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


def test_text_larger_than_an_image_may_be_is_an_error() -> None:
    with pytest.raises(MediaError) as caught:
        text.draw_text(CTX, black(), "W" * 2000, font_size=8000, wrap_width=0)

    assert caught.value.code == "E506"


def test_a_long_text_is_set_in_time() -> None:
    began = time.process_time()

    text.draw_text(CTX, black(), "word " * 4000, font_size=8)

    assert time.process_time() - began < 5.0  # measured 1.3 s on two busy cores


def test_drawing_on_a_single_sample_works() -> None:
    dot = Image(np.zeros((1, 1, 3)))

    assert text.draw_text(CTX, dot, "A").width == 1
    for style in ("band", "overlay", "print"):
        assert text.caption_image(CTX, dot, "A title", subtitle="and more", layout=style).width >= 1


@pytest.mark.parametrize("position", ["top", "bottom"])
def test_a_band_is_added_and_the_image_stays_as_it_is(position: str) -> None:
    image = Image(np.random.default_rng(0).random((150, 300, 3), dtype=np.float32))

    result = text.caption_image(CTX, image, "A Title", subtitle="and a line", anchor=position, background="navy")

    band = result.height - 150
    inner = result.pixels[:150] if position == "bottom" else result.pixels[band:]
    ground = result.pixels[-2, 2] if position == "bottom" else result.pixels[1, 2]
    assert 20 < band < 150
    assert result.width == 300
    assert np.array_equal(inner, image.pixels)
    assert ground == pytest.approx([0, 0, 128 / 255])


def test_the_words_of_a_band_lie_inside_it_and_in_its_middle() -> None:
    result = text.caption_image(CTX, black(300, 150), "Title", background="black", color="white")

    left, top, right, bottom = find_ink(result)

    assert top > 150 + 8
    assert bottom < result.height - 8
    assert (left + right) / 2 == pytest.approx(150, abs=3)
    assert (top - 150) == pytest.approx(result.height - bottom, abs=4)


def test_an_overlay_keeps_the_size_and_the_far_half_of_the_image() -> None:
    image = Image(np.random.default_rng(0).random((400, 300, 3), dtype=np.float32))

    result = text.caption_image(CTX, image, "Title", layout="overlay", color="white")

    assert (result.width, result.height) == (300, 400)
    assert np.array_equal(result.pixels[:200], image.pixels[:200])
    assert result.pixels[-5:].mean() < 0.25 < image.pixels[-5:].mean()


def test_a_print_has_paper_on_all_sides() -> None:
    result = text.caption_image(CTX, black(300, 200), "Title", layout="print").pixels

    for edge in (result[0], result[-1], result[:, 0], result[:, -1]):
        assert edge.min() > 0.9


def test_a_long_title_is_made_smaller_until_it_fits() -> None:
    title = "An exceedingly long title with donaudampfschifffahrtsgesellschaft " * 3

    result = text.caption_image(CTX, black(200, 200), title, background="black", color="white")

    left, _, right, _ = find_ink(result)
    assert left > 4
    assert right < 196


@pytest.mark.parametrize("ground", ["white", "black", "#808080", "#ffcc00", "#102060"])
def test_the_title_can_be_read_on_any_band(ground: str) -> None:
    result = text.caption_image(CTX, black(900, 300), "Title", background=ground, font="sans_bold")
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


def test_text_that_runs_off_the_image_is_named() -> None:
    ctx = TestContext()

    text.draw_text(ctx, black(100, 40), "far too long a text", font_size=60)

    assert [line.split(" by ")[0] for line in ctx.messages] == ["the text runs off the image"]


def test_text_inside_the_image_is_not_named() -> None:
    ctx = TestContext()

    text.draw_text(ctx, black(), "HXH", font_size=40, background="#000000")

    assert ctx.messages == []


@pytest.mark.parametrize("wrap_width", [None, 0.0, 60.0])
def test_text_shrinks_until_it_fits_inside_the_margins(wrap_width: float | None) -> None:
    ctx = TestContext()
    how = {"font_size": 200.0, "margin": 10.0, "fit": "shrink", "wrap_width": wrap_width}

    left, top, right, bottom = find_ink(text.draw_text(ctx, black(200, 100), "far too long a text", **how))

    assert (left >= 9, top >= 9, right <= 191, bottom <= 91) == (True, True, True, True)
    assert ctx.messages == []


def test_text_that_fits_is_as_large_as_asked_for() -> None:
    assert text.draw_text(CTX, black(), "Hi", font_size=40, fit="shrink") == text.draw_text(
        CTX, black(), "Hi", font_size=40
    )


@pytest.mark.parametrize("background", [None, "#ff0000"])
def test_ink_stays_inside_its_box_at_the_anchor(background: str | None) -> None:
    ctx = TestContext()

    drawn = text.draw_text(
        ctx, black(), "many words in a box", font_size=80, anchor="bottom_right", margin=20, padding=0.1,
        background=background, box_width=150, box_height=90,
    )  # fmt: skip

    left, top, right, bottom = find_ink(drawn)
    assert 230 <= left < right <= 380
    assert 90 <= top < bottom <= 180
    assert bottom - top > 45, "it is no smaller than it must be"
    assert not ctx.messages


def test_text_that_fits_no_box_is_told() -> None:
    ctx = TestContext()

    text.draw_text(ctx, black(), "many words\n" * 9, box_width=30, box_height=3)

    assert any("does not fit its box" in message for message in ctx.messages)


def test_a_box_of_one_side_keeps_text_that_fits_as_it_was() -> None:
    plain = text.draw_text(CTX, black(), "fits", font_size=30)

    assert text.draw_text(CTX, black(), "fits", font_size=30, box_width=300) == plain
