"""Provokers of E77x, content credentials."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from studio.settings import CredentialSettings
from tests.docs.provokers.place import Place, build_graph, provokes

FOLDER = "xdg_data_home/studio/credentials"
SKY = {"sky": ("image.gradient", {"width": 4, "height": 4})}


def make_key(place: Place) -> Path:
    """Make a key that signs files; skip where the extra is not installed."""
    pytest.importorskip("c2pa", reason="needs the extra credentials: pip install 'studio[credentials]'")
    place.command("credentials", "init", "Ada")
    return place.folder / FOLDER


def run_signed(place: Place) -> Any:
    place.write_graph("sky.json", SKY)
    place.command("run", "sky.json", "-o", "out", "--sign")


@provokes("E770")
def _(place: Place) -> Any:
    place.patch.setitem(sys.modules, "c2pa", None)
    place.command("credentials", "show")


@provokes("E771")
def _(place: Place) -> Any:
    pytest.importorskip("c2pa", reason="needs the extra credentials: pip install 'studio[credentials]'")
    run_signed(place)


@provokes("E772")
def _(place: Place) -> Any:
    os.chmod(make_key(place) / "key.pem", 0o644)
    run_signed(place)


@provokes("E773")
def _(place: Place) -> Any:
    place.patch.setenv("STUDIO_CREDENTIALS_PASSPHRASE", "open sesame")
    make_key(place)
    place.patch.delenv("STUDIO_CREDENTIALS_PASSPHRASE")
    run_signed(place)


@provokes("E774")
def _(place: Place) -> Any:
    make_key(place)
    place.patch.setattr("studio.provenance.credentials.authority._DAYS", 0)
    place.patch.setattr("studio.provenance.credentials.authority._EARLIER", timedelta(days=1))
    place.command("credentials", "init", "--renew")
    run_signed(place)


@provokes("E775")
def _(place: Place) -> Any:
    make_key(place)
    place.patch.setattr("studio.provenance.credentials.signer.find_format", lambda path: "image/jpeg")
    with place.open(credentials=CredentialSettings(sign=True)) as studio:
        return studio.run(build_graph(SKY), output="out").errors


@provokes("E776")
def _(place: Place) -> Any:
    make_key(place)
    place.command("credentials", "init", "Ada")


@provokes("E777")
def _(place: Place) -> Any:
    folder = make_key(place)
    place.command("credentials", "trust", str(folder / "certificate.pem"))
