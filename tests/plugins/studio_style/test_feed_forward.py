"""Style transfer in one pass."""

from __future__ import annotations

from typing import Any

import pytest

from studio.api import Model
from studio.testing import TestContext
from studio_style.colorize import read_chroma
from studio_style.feed_forward import repaint
from studio_style.images import read_rgb
from studio_style.networks.adain import AdainNetwork, load_network
from studio_style.networks.vgg import load_features
from studio_style.nodes.transfer import transfer_style
from studio_style.style_set import create_style_set
from tests.plugins.studio_style.images import draw_scene, draw_stripes
from tests.plugins.studio_style.tiny_networks import make_adain_tensors, make_vgg_tensors

VGG, ADAIN = Model("builtin:vgg"), Model("builtin:adain")


def create_context() -> TestContext:
    networks = {VGG.reference: load_features(make_vgg_tensors()), ADAIN.reference: load_network(make_adain_tensors())}
    return TestContext(models=networks)


def test_adain_mixes_styles_by_their_weights() -> None:
    styles = [draw_stripes(), draw_scene(40, 40)]
    options: dict[str, Any] = {"method": "adain", "model": ADAIN}

    alone, mixed, one = (
        transfer_style(create_context(), draw_scene(), styles[0], **options, **more)
        for more in ({}, {"more_styles": styles[1:]}, {"more_styles": styles[1:], "style_weights": [1.0, 0.0]})
    )

    assert one == alone
    assert mixed != alone


def create_network() -> AdainNetwork:
    return load_network(make_adain_tensors())


def paint(**given: Any) -> Any:
    content = read_rgb(draw_scene(50, 30))
    styles = create_style_set([read_rgb(draw_stripes())], [1.0])
    settings = {"strength": 1.0, "stroke_scale": 1.0, "keep_colors": False, "quality": "draft", "device": "cpu"} | given
    return content, repaint(content, styles, create_network(), **settings)


def test_sides_that_the_network_cannot_halve_come_back_as_they_were() -> None:
    content, painted = paint()

    assert painted.shape == content.shape == (30, 50, 3)
    assert painted.min() >= 0
    assert painted.max() <= 1


def test_kept_colors_are_those_of_the_content_where_they_fit() -> None:
    content, painted = paint(keep_colors=True)

    assert read_chroma(painted) == pytest.approx(read_chroma(content), abs=1e-3)


def test_numbers_that_overflow_are_an_error() -> None:
    tensors = {key: value * 1e20 for key, value in make_adain_tensors().items()}
    content = read_rgb(draw_scene())

    with pytest.raises(FloatingPointError):
        repaint(
            content,
            create_style_set([content], [1.0]),
            load_network(tensors),
            strength=1.0,
            stroke_scale=1.0,
            keep_colors=False,
            quality="draft",
            device="cpu",
        )
