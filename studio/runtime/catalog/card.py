"""The licence and the card that lie beside fetched weights."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

from studio.runtime.catalog.entry import Entry, Source


def write_card(entry: Entry, source: Source, folder: Path) -> None:
    """Write README.md, with what the weights are, and LICENSE.txt, as far as the text of the licence is known."""
    (folder / "README.md").write_text(_describe(entry, source), encoding="utf-8")
    text = find_licence_text(entry.licence)
    if text is not None:
        holder = entry.copyright or f"Copyright (c) {entry.author}"
        (folder / "LICENSE.txt").write_text(text.replace("{copyright}", holder), encoding="utf-8")


def find_licence_text(licence: str) -> str | None:
    """Return the text of a licence by its SPDX name, of the first of several; None if it is unknown."""
    name = licence.split(" ")[0]
    file = resources.files("studio.runtime.catalog") / "licences" / f"{name}.txt"
    return file.read_text(encoding="utf-8") if name and "/" not in name and file.is_file() else None


def _describe(entry: Entry, source: Source) -> str:
    lines = ["---", f"license: {json.dumps(entry.licence)}", "---", "", f"# {entry.title}", "", entry.description, ""]
    facts = {
        "Made by": entry.author,
        "Copyright": entry.copyright,
        "Licence": entry.licence,
        "Terms": entry.terms,
        "Described at": entry.homepage,
        "Languages": ", ".join(entry.languages),
        "Fetched from": f"hub:{source.hub}" if source.hub else ", ".join(dict.fromkeys(p.origin for p in source.parts)),
        "Converted with": source.convert,
    }
    lines += [f"- {name}: {text}" for name, text in facts.items() if text]
    lines += ["", *[f"- {figure.measure}: {figure.value} ({figure.source})" for figure in entry.quality]]
    return "\n".join(lines).rstrip() + "\n"
