"""SVG documents: what is drawn, and what is refused before it is drawn."""

from __future__ import annotations

import base64
import gzip
import io
import resource
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from studio.api import File, MediaError
from studio.testing import TestContext
from studio_image import svg_process
from studio_image.nodes.codes import draw_svg
from studio_image.svg import choose_size
from studio_image.svg_safety import MOST_DEPTH, MOST_ELEMENTS, check_svg, read_svg

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '


def embed(width: int = 4, height: int = 4, kind: str = "image/png", data: bytes | None = None) -> str:
    """An SVG with an embedded image."""
    file = io.BytesIO()
    PIL.Image.new("RGB", (width, height), "red").save(file, "PNG")
    body = base64.b64encode(file.getvalue() if data is None else data).decode()
    return f'{HEAD}width="8" height="8"><image href="data:{kind};base64,{body}" width="8" height="8"/></svg>'


def repeat(levels: int, times: int) -> str:
    """An SVG in which each level shows the one below so many times."""
    below = ['<path d="M0 0h1"/>', *(f'<use href="#g{level}"/>' for level in range(levels - 1))]
    groups = "".join(f'<g id="g{level}">{part * times}</g>' for level, part in enumerate(below))
    return f"{HEAD}>{groups}</svg>"


HOSTILE = {
    "a file": f'{HEAD}><image href="/etc/passwd"/></svg>',
    "a file in an old attribute": f'{HEAD}><image xlink:href="file:///etc/hostname" width="9" height="9"/></svg>',
    "a file before an element": f'{HEAD}><image xlink:href="/home/u/private.png" href="#a"/></svg>',
    "a file after an element": f'{HEAD}><image href="#a" xlink:href="/home/u/private.png"/></svg>',
    "a newer file after an element": f'{HEAD}><image xlink:href="#a" href="/home/u/private.png"/></svg>',
    "a style of another name": f'{HEAD} xmlns:b="urn:b"><rect fill="url(/home/u/a.png)" b:fill="red"/></svg>',
    "a relative file": f'{HEAD}><image href="logo.png"/></svg>',
    "an address": f'{HEAD}><use href="https://example.org/a.svg#b"/></svg>',
    "an image of a filter": f'{HEAD}><filter id="f"><feImage href="secret.png"/></filter></svg>',
    "a paint from elsewhere": f'{HEAD}><rect fill="url(other.svg#p)"/></svg>',
    "a style from elsewhere": f"{HEAD}><rect style=\"mask: url( 'http://a/b' )\"/></svg>",
    "an import": f'{HEAD}><style>@import "a.css";</style></svg>',
    "a font": f"{HEAD}><style>@font-face {{ src: url(font.ttf) }}</style></svg>",
    "an entity": f'<!DOCTYPE svg [<!ENTITY a "aaaa">]>{HEAD}>&a;</svg>',
    "an entity of a file": f'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>{HEAD}><text>&a;</text></svg>',
    "an SVG in an SVG": embed(kind="image/svg+xml", data=f'{HEAD}><image href="/etc/passwd"/></svg>'.encode()),
    "a text": embed(kind="text/plain"),
    "a damaged image": embed(data=b"\x89PNG nothing"),
    "a PNG that is none": embed(data=b"GIF89a" + bytes(20)),
    "too deep": f"{HEAD}>{'<g>' * MOST_DEPTH}{'</g>' * MOST_DEPTH}</svg>",
    "too many": f"{HEAD}>{'<g/>' * MOST_ELEMENTS}</svg>",
    "a billion by repetition": repeat(9, 10),
    "a billion by repetition of two names": repeat(9, 10).replace('">', '" xlink:id="other">'),
    "not XML": "<svg",
    "not SVG": "<html/>",
    "nothing": "",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_leads_out_of_a_document_or_swells_is_refused_before_it_is_drawn(name: str) -> None:
    with pytest.raises(MediaError) as caught:
        check_svg(HOSTILE[name])

    assert caught.value.code == "E514"


def test_an_embedded_image_over_the_limits_is_refused() -> None:
    side = 60_000
    rows = zlib.compress(bytes((side // 8 + 1) * side), 1)  # Pillow takes ten times as long
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b"")]
    bomb = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )

    with pytest.raises(MediaError) as caught:
        check_svg(embed(data=bomb))

    assert caught.value.code in ("E506", "E514")


@pytest.mark.parametrize(
    "text",
    [
        f'{HEAD}><linearGradient id="a"/><rect fill="url(#a)" style="mask:url(\'#m\')"/><use xlink:href="#a"/></svg>',
        f'<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/svg11.dtd">{HEAD}/>',
        f'{HEAD}><g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g></svg>',
        embed(),
        repeat(3, 10),
    ],
)
def test_what_stays_in_a_document_is_taken(text: str) -> None:
    check_svg(text)


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="60" height="40"', (60, 40)),
        ('width="1in" height="25.4mm" viewBox="0 0 3 3"', (96, 96)),
        ('viewBox="0,0 10.5 20"', (10.5, 20)),
        ('width="100%" height="50%" viewBox="0 0 80 40"', (80, 40)),
        ("", (100, 100)),
        ('width="60" xlink:width="9000000" height="40"', (60, 40)),
        ('width="0" height="-3"', (100, 100)),
    ],
)
def test_the_size_of_a_drawing_is_its_own(attributes: str, size: tuple[float, float]) -> None:
    assert check_svg(f"{HEAD}{attributes}/>") == pytest.approx(size)


@pytest.mark.parametrize("error", [ValueError("current limit exceeds maximum limit"), OSError(22, "Invalid argument")])
def test_a_limit_that_a_system_does_not_take_is_left_as_it_is(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(svg_process.resource, "setrlimit", fail)

    svg_process.bound(svg_process.resource.RLIMIT_CPU, 20)


@pytest.mark.parametrize(("hard", "least"), [(5, 5), (50, 20), (resource.RLIM_INFINITY, 20)])
def test_a_limit_is_lowered_and_never_raised(hard: int, least: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[tuple[int, int]] = []
    monkeypatch.setattr(svg_process.resource, "getrlimit", lambda _: (hard, hard))
    monkeypatch.setattr(svg_process.resource, "setrlimit", lambda _, limits: found.append(limits))

    svg_process.bound(resource.RLIMIT_CPU, 20)

    assert found == [(least, least)]


def test_a_drawing_fits_inside_the_sides_that_are_given() -> None:
    assert choose_size((60, 40), 120, None) == (120, 80)
    assert choose_size((60, 40), 120, 40) == (60, 40)
    assert choose_size((10.4, 20), None, None) == (10, 20)


def test_files_are_read_also_compressed_and_only_so_far(tmp_path: Path) -> None:
    plain, small, bomb = (tmp_path / name for name in ("a.svg", "b.svgz", "c.svgz"))
    plain.write_text(f"\ufeff{HEAD}/>", encoding="utf-8")
    small.write_bytes(gzip.compress(f"{HEAD}/>".encode()))
    bomb.write_bytes(gzip.compress(bytes(50_000_000)))

    assert read_svg(plain) == read_svg(small) == f"{HEAD}/>"
    with pytest.raises(MediaError, match="more than 8000000 bytes"):
        read_svg(bomb)


def test_two_documents_or_none_are_an_error(tmp_path: Path) -> None:
    for given in ({}, {"svg": f"{HEAD}/>", "svg_file": File(tmp_path / "a.svg", "0" * 64, 1)}):
        with pytest.raises(MediaError) as caught:
            draw_svg(TestContext(), **given)  # type: ignore[arg-type]
        assert caught.value.code == "E507"


# -- drawn ---------------------------------------------------------------------------------------------


@pytest.fixture
def resvg() -> None:
    """Skips a test where the library is not installed."""
    pytest.importorskip("resvg_py", reason="needs the extra studio[drawing]")


@pytest.mark.usefixtures("resvg")
def test_a_circle_has_its_area_its_color_and_straight_alpha() -> None:
    circle = f'{HEAD}width="50" height="40"><circle cx="20" cy="20" r="15" fill="#ff8000" fill-opacity="0.5"/></svg>'
    samples = draw_svg(TestContext(), svg=circle, width=200).stored

    assert samples.shape == (160, 200, 4)
    assert samples[80, 80].tolist() == pytest.approx([255, 128, 0, 128], abs=1)
    assert samples[2, 2, 3] == 0
    assert samples[:, :, 3].sum() / 128 == pytest.approx(np.pi * 60**2, rel=0.005)


@pytest.mark.usefixtures("resvg")
def test_letters_are_drawn_in_a_font_that_comes_with_studio() -> None:
    text = f'{HEAD}width="90" height="30"><text x="2" y="24" font-family="Nowhere" font-size="24">Studio</text></svg>'
    alpha = draw_svg(TestContext(), svg=text).stored[:, :, 3]

    assert 300 < (alpha > 128).sum() < 1200


@pytest.mark.usefixtures("resvg")
def test_an_embedded_image_is_drawn() -> None:
    assert draw_svg(TestContext(), svg=embed()).stored[4, 4].tolist() == [255, 0, 0, 255]


@pytest.mark.usefixtures("resvg")
def test_a_drawing_that_takes_too_long_ends_with_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio_image.svg._SECONDS", 1)
    noise = 200 * '<feTurbulence baseFrequency="0.5" numOctaves="24"/>'
    rectangle = '<rect width="900" height="900" filter="url(#f)"/>'
    slow = f'{HEAD}width="900" height="900"><filter id="f">{noise}</filter>{rectangle}</svg>'

    with pytest.raises(MediaError, match="too long") as caught:
        draw_svg(TestContext(), svg=slow)

    assert caught.value.code == "E514"


@pytest.mark.parametrize(
    ("octaves", "message"),
    [
        ("25", "its noise has 25 octaves, over 24"),
        ("1000000", "its noise has 1000000 octaves, over 24"),
        ("+1e6", r"has \+1e6 octaves, over 24"),
        ("inf", "has inf octaves, over 24"),
        ("9" * 400, "has 9{20} octaves, over 24"),
        ("0x1000000", "has an invalid number of octaves, '0x1000000'"),
        ("1000000px", "has an invalid number of octaves, '1000000px'"),
        ("nan", "has an invalid number of octaves, 'nan'"),
        ("", "has an invalid number of octaves, ''"),
    ],
)
def test_noise_of_too_many_octaves_is_refused_before_it_is_drawn(octaves: str, message: str) -> None:
    noise = f'<filter id="f"><feTurbulence baseFrequency="0.5" numOctaves="{octaves}"/></filter>'

    with pytest.raises(MediaError, match=message) as caught:
        check_svg(f'{HEAD}width="9" height="9">{noise}<rect width="9" height="9" filter="url(#f)"/></svg>')

    assert caught.value.code == "E514"


@pytest.mark.parametrize("octaves", ["1", " 24 ", "-1"])
def test_noise_of_a_few_octaves_passes(octaves: str) -> None:
    noise = f'<filter id="f"><feTurbulence baseFrequency="0.5" numOctaves="{octaves}"/></filter>'

    assert check_svg(f'{HEAD}width="9" height="9">{noise}</svg>') == (9, 9)
