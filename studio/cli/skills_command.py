"""`studio skills`: instructions for agents, copied to where they look."""

from __future__ import annotations

import re
from hashlib import blake2b
from importlib import resources
from pathlib import Path

import click

from studio.cli.answer import answer
from studio.cli.options import json_option
from studio.cli.parameter_types import PathType
from studio.errors import UsageError
from studio.files import replace_file
from studio.version import VERSION

_PLACES = (Path(".claude"), Path(".agents"))
_MARK = re.compile(r"\n<!-- studio ([^ ]+) ([0-9a-f]{32}) -->\n$")


@click.group("skills")
def command() -> None:
    """List or install instructions for agents (SKILL.md): compose, write a plugin, batch, debug."""


@command.command("list")
@json_option
def list_skills(as_json: bool) -> None:
    """List the skills with what they are for."""
    rows = [{"name": name, "description": _find_description(text)} for name, text in _load_skills().items()]
    if as_json:
        answer(rows)
        return
    for row in rows:
        click.echo(f"{row['name']}\n  {row['description']}")


@command.command("install")
@click.argument("folder", metavar="[DIR]", required=False, type=PathType(file_okay=False))
@click.option("--force", is_flag=True, help="Overwrite skills that were changed.")
@json_option
def install(folder: Path | None, force: bool, as_json: bool) -> None:
    """Copy the skills of this version to DIR, a folder with a file NAME/SKILL.md for each.

    Without DIR they go to .claude/skills and .agents/skills of the current folder, where agents look: to those whose
    first folder exists, or else to .agents/skills. Skills of another version are replaced; one that was changed is
    not, without --force.
    """
    skills = _load_skills()
    targets = [
        root / name / "SKILL.md" for root in ([folder] if folder is not None else _find_places()) for name in skills
    ]
    changed = [path for path in targets if path.exists() and _is_changed(path)]
    if changed and not force:
        names = ", ".join(str(path) for path in changed)
        raise UsageError("E022", f"{names} exists already, and was changed", hint="rename it, or use --force")
    for path in targets:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replace_file(path) as temporary:
                temporary.write_bytes(_stamp(skills[path.parent.name]).encode())
        except OSError as error:
            message = f"{str(path)!r} cannot be written: {error.strerror}"
            raise UsageError("E013", message, hint="name another folder: studio skills install DIR") from None
    if as_json:
        answer({"version": VERSION, "files": [str(path) for path in targets]})
        return
    for path in targets:
        click.echo(str(path))


def _load_skills() -> dict[str, str]:
    """Return the skills by name."""
    files = resources.files("studio.cli.skills").iterdir()
    found = {
        file.name.removesuffix(".md"): file.read_text(encoding="utf-8") for file in files if file.name.endswith(".md")
    }
    return dict(sorted(found.items()))


def _find_description(text: str) -> str:
    return text.partition("\ndescription: ")[2].partition("\n")[0]


def _find_places() -> list[Path]:
    """Return the folders of skills that agents look into, of those that the current folder has."""
    return [place / "skills" for place in _PLACES if place.is_dir()] or [_PLACES[-1] / "skills"]


def _stamp(text: str) -> str:
    """Return a skill with the version, and with what says later whether it was changed."""
    return f"{text}\n<!-- studio {VERSION} {_digest(text)} -->\n"


def _is_changed(path: Path) -> bool:
    """Return whether a file is another than one that was installed."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return True
    found = _MARK.search(text)
    return found is None or _digest(text[: found.start()]) != found[2]


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()
