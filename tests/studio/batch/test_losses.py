"""What files of a batch do not keep is among the warnings of their items."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from fakes import create_settings

import studio_image
from studio.api.image_writing import write_image
from studio.app import Studio
from studio.batch.batch import Batch
from studio.batch.groups import list_rows
from studio.batch.ledger import Ledger
from studio.batch.run import Policy
from studio.batch.spec import create_spec
from studio.graph import parse_graph


def test_a_loss_of_depth_is_a_warning_of_the_item(tmp_path: Path) -> None:
    write_image(np.arange(64 * 64, dtype=np.uint16).reshape(64, 64) * 16 + 3, tmp_path / "deep.png", None)
    write_image(np.zeros((64, 64), np.uint8), tmp_path / "plain.png", None)
    blur = {"type": "image.blur", "inputs": {"image": {"from": "inputs.photo"}}}
    graph = {
        "studio": 1,
        "inputs": {"photo": {"type": "image"}},
        "nodes": {"blur": blur},
        "outputs": {"image": {"from": "blur"}},
    }
    rows = [{"name": name, "photo": {"file": str(tmp_path / f"{name}.png")}} for name in ("deep", "plain")]

    settings, plugins = create_settings(tmp_path / "cache"), [("studio-image", studio_image)]
    with Studio(settings, plugins=plugins, discover=False) as studio, Ledger(tmp_path / "out", create=True) as ledger:
        spec = create_spec(parse_graph(graph), tmp_path / "out", template="{item.name}.jpg")
        batch = Batch(studio, spec, [list_rows(rows)])
        batch.import_items(ledger)
        list(batch.create_run(ledger, workers=0, policy=Policy()).run())
        said = {row.name: row.warnings for row in ledger.items()}

    assert said["plain"] == ()
    assert said["deep"] == ("deep.jpg: 16 bits become 8 in .jpg: write .png or .tiff to keep them",)
