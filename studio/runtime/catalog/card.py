"""The license and the card that lie beside fetched weights."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

from studio.runtime.catalog.entry import Entry, Source


def write_card(entry: Entry, source: Source, folder: Path) -> None:
    """Write README.md, with what the weights are, and LICENSE.txt, as far as the text of the license is known."""
    (folder / "README.md").write_text(_describe(entry, source), encoding="utf-8")
    text = find_license_text(entry.license)
    if text is not None:
        holder = entry.copyright or f"Copyright (c) {entry.author}"
        (folder / "LICENSE.txt").write_text(text.replace("{copyright}", holder), encoding="utf-8")


def find_license_text(license: str) -> str | None:
    """Return the text of a license by its SPDX name, of the first of several; None if it is unknown."""
    name = license.split(" ")[0]
    file = resources.files("studio.runtime.catalog") / "licenses" / f"{name}.txt"
    return file.read_text(encoding="utf-8") if name and "/" not in name and file.is_file() else None


def _describe(entry: Entry, source: Source) -> str:
    lines = ["---", f"license: {json.dumps(entry.license)}", "---", "", f"# {entry.title}", "", entry.description, ""]
    facts = {
        "Made by": entry.author,
        "Copyright": entry.copyright,
        "License": entry.license,
        "Terms": entry.terms,
        "Described at": entry.homepage,
        "Languages": ", ".join(entry.languages),
        "Fetched from": f"hub:{source.hub}" if source.hub else ", ".join(dict.fromkeys(p.origin for p in source.parts)),
        "Converted with": source.convert,
    }
    lines += [f"- {name}: {text}" for name, text in facts.items() if text]
    lines += ["", *[f"- {figure.measure}: {figure.value} ({figure.source})" for figure in entry.quality]]
    return "\n".join(lines).rstrip() + "\n"
