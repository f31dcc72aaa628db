"""`studio gallery`: write the gallery and the contact sheets of a batch again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from studio.cli.answer import answer
from studio.cli.main import DONE
from studio.cli.options import create_studio, engine_options, json_option
from studio.cli.parameter_types import PathType


@click.command("gallery")
@click.argument("folder", type=PathType())
@click.option("--contact-sheet", "sheets", is_flag=True, help="Also write contact sheets of the images.")
@json_option
@engine_options
def command(folder: Path, sheets: bool, as_json: bool, **engine: Any) -> int:
    """Write gallery.html of the batch in FOLDER from its ledger and its files.

    A batch writes its gallery while it runs. Use this command when files changed, or if the batch wrote none.
    """
    from studio.batch.contact_sheets import write_contact_sheets
    from studio.batch.gallery import write_gallery

    with create_studio(**engine) as studio:
        gallery = write_gallery(folder, studio.settings.media)
        written = write_contact_sheets(studio, folder) if sheets else []
    if as_json:
        answer({"gallery": str(gallery), "contact_sheets": [str(path) for path in written]})
        return DONE
    for path in (gallery, *written):
        click.echo(str(path))
    return DONE
