"""Provokes the errors of plugins that cannot be loaded here."""

from __future__ import annotations

from typing import Any

from tests.docs.provokers.place import Place, provokes


def list_problems(place: Place, **settings: Any) -> list[dict[str, str]]:
    """Return why plugins are not loaded, as rows."""
    with place.open(**settings) as studio:
        problems = [row.problem for row in studio.registry.plugins if row.problem]
    return [{"code": text[:4], "where": "", "message": text[5:].partition(" (")[0]} for text in problems]


@provokes("E208")
def _(place: Place) -> Any:
    path = place.write("plugins/studio_image.py", "")
    return list_problems(place, plugins_dir=path.parent)


@provokes("E209")
def _(place: Place) -> Any:
    info = "site/studio_tint-1.0.dist-info"
    place.write(
        f"{info}/METADATA", "Metadata-Version: 2.1\nName: studio-tint\nVersion: 1.0\nRequires-Dist: studio>=9\n"
    )
    place.write(f"{info}/entry_points.txt", "[studio]\ntint = studio_tint\n")
    place.patch.syspath_prepend(str(place.folder / "site"))
    return list_problems(place)
