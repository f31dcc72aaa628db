"""Provokes the errors of marks."""

from __future__ import annotations

from typing import Any

import numpy as np

from studio.api import Image, Secret
from studio.testing import TestContext
from tests.docs.provokers.place import Place, provokes


def _mark(size: int = 128, **given: Any) -> None:
    from studio_provenance.nodes.marks import mark_image
    from studio_provenance.settings import ProvenanceSettings

    settings = ProvenanceSettings(given.pop("key", None))
    mark_image(TestContext(), Image(np.zeros((size, size, 4), np.uint8)), settings, **given)


@provokes("E650")
def _(place: Place) -> Any:
    _mark(key=Secret("a short key"))


@provokes("E651")
def _(place: Place) -> Any:
    _mark(64)


@provokes("E652")
def _(place: Place) -> Any:
    _mark(payload="17")


@provokes("E653")
def _(place: Place) -> Any:
    _mark()


@provokes("E654")
def _(place: Place) -> Any:
    from studio_provenance.nodes.signs import label_image

    label_image(TestContext(), Image(np.zeros((16, 16, 3), np.uint8)))
