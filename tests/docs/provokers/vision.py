"""Provokes the errors of models that look at images."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np

from studio.api import Image, Model
from studio.testing import TestContext
from tests.docs.provokers.place import Place, provokes

IMAGE = Image(np.zeros((8, 8, 3), np.float32))


@provokes("E634")
def _(place: Place) -> Any:
    from studio_vision.opener import VisionOpener

    path = place.folder / "sam"
    path.mkdir()
    (path / "config.json").write_text(json.dumps({"architectures": ["SamModel"]}))
    VisionOpener().open(path, Model(f"file:{path}"), device="cpu", dtype="float32", parts={})


@provokes("E635")
def _(place: Place) -> Any:
    from studio_vision.nodes.looking import estimate_depth

    estimate_depth(TestContext(models={"local:x": SimpleNamespace()}), IMAGE, Model("local:x"))


@provokes("E636")
def _(place: Place) -> Any:
    from studio_vision.seeing_model import SeeingModel, check_finite

    network = type("DepthAnythingForDepthEstimation", (), {})()
    check_finite(np.full(3, np.nan, np.float32), SeeingModel(network, "depth", {}))


@provokes("E637")
def _(place: Place) -> Any:
    from studio_vision.nodes.cutting import segment_objects
    from studio_vision.seeing_model import SeeingModel

    network = SeeingModel(type("SamModel", (), {})(), "segmenter", {})
    segment_objects(TestContext(models={"local:x": network}), IMAGE, Model("local:x"), points=[[4]])
