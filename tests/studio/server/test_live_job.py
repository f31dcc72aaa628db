"""What watchers are told of a run: at most ten steps and four previews a second."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import PIL.Image
import pytest

from studio.api import Image
from studio.api.events import NodeProgressed
from studio.server import live_job
from studio.server.live_job import LiveJob

SECONDS = 2.0


def test_a_watcher_gets_ten_steps_and_four_previews_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(live_job.time, "monotonic", lambda: now[0])
    told: list[tuple[str, dict[str, Any]]] = []
    live = LiveJob(lambda kind, row: told.append((kind, row)))
    image = Image(np.full((1200, 900, 3), 0.5, np.float32))

    for step in range(400):
        now[0] = 100.0 + step * SECONDS / 400
        live.show(NodeProgressed("run", "paint", "fake.paint", step, 400, image if step % 10 == 0 else None))

    kinds = [kind for kind, _ in told]
    assert (kinds.count("node"), kinds.count("preview")) == (20, 8)
    row = told[-1][1] if kinds[-1] == "preview" else live.preview
    assert row is not None
    assert row["node"] == "paint"
    head, _, data = row["image"].partition(",")
    with PIL.Image.open(io.BytesIO(base64.b64decode(data))) as shown:
        assert (head, shown.format, max(shown.size)) == ("data:image/webp;base64", "WEBP", 384)
    assert live.copy_nodes()["paint"]["done"] == 399


def test_a_preview_that_cannot_be_shown_ends_nothing() -> None:
    told: list[str] = []
    live = LiveJob(lambda kind, row: told.append(kind))
    broken: Any = object()

    live.show(NodeProgressed("run", "paint", "fake.paint", 1, 2, broken))

    assert told == ["node"]
