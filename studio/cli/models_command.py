"""`studio models`: list, show, plan, search, get, export, add, pull, verify, remove."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from studio.api import Model
from studio.cli import catalog_commands, models_plan_command
from studio.cli.answer import answer
from studio.cli.main import DONE, FAILED
from studio.cli.models_options import open_studio, plugins_option
from studio.cli.options import json_option
from studio.cli.parameter_types import PathType
from studio.cli.shell_values import complete_models
from studio.runtime.library import Library, Verdict
from studio.runtime.memory import show_bytes
from studio.runtime.model_description import Description
from studio.runtime.weights import find_files, write_digest_list


@click.group("models")
@plugins_option
def command() -> None:
    """List, show, plan, search, get, add, pull, verify or remove models.

    A model is builtin:NAME (part of a plugin), local:NAME (fetched with `studio models get`, or added with `studio
    models add`), file:PATH, or hub:OWNER/NAME@REVISION.

    The catalog names models for node types, tested and untested: `studio models search` lists them, `studio models get
    NAME` fetches one.
    """


for one in (catalog_commands.search, catalog_commands.get, catalog_commands.export, models_plan_command.plan):
    command.add_command(one)


@command.command("list")
@json_option
@plugins_option
@click.pass_context
def list_models(ctx: click.Context, as_json: bool) -> None:
    """List the models on this machine with their sizes, and why some are unusable."""
    with open_studio(ctx, on_disk=False) as studio:
        rows = studio.models.library.list_models()
    if as_json:
        answer([asdict(row) for row in rows])
        return
    width = max((len(row.reference) for row in rows), default=0)
    for row in rows:
        detail = click.style(row.problem, fg="red") if row.problem else row.path
        click.echo(f"{row.reference:{width}}  {show_bytes(row.bytes):>10}  {detail}")
    if not rows:
        click.echo("there are no models; add one with `studio models add NAME PATH`, or `studio models pull`")


@command.command("show")
@click.argument("model", shell_complete=complete_models)
@json_option
@plugins_option
@click.pass_context
def show(ctx: click.Context, model: str, as_json: bool) -> None:
    """Show the classes, components, dtypes, content hash and license of MODEL. Nothing is loaded."""
    with open_studio(ctx) as studio:
        found = studio.models.library.describe(Model(model))
    if as_json:
        answer(found.to_json())
    else:
        click.echo(_describe(found))


def _describe(found: Description) -> str:
    lines = [
        f"{click.style(found.reference, bold=True)}  {found.kind}, {show_bytes(found.bytes)}",
        f"path: {found.path}",
        f"content hash: {found.digest}",
        f"license: {found.license or 'unknown: README.md does not name it'}",
    ]
    width = max((len(part.name) for part in found.components), default=0)
    for part in found.components:
        numbers = ", ".join(f"{_count(count)} {kind}" for kind, count in sorted(part.numbers.items()))
        lines.append(f"  {part.name:{width}}  {show_bytes(part.bytes):>10}  {part.kind}  {numbers}".rstrip())
    return "\n".join(lines)


def _count(number: int) -> str:
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return str(number)


@command.command("add")
@click.argument("name")
@click.argument("path", type=PathType())
@json_option
@plugins_option
@click.pass_context
def add(ctx: click.Context, name: str, path: Path, as_json: bool) -> None:
    """Give the weights at PATH the name local:NAME. The files are not moved or copied.

    PATH may be kept:DIGEST, weights that a run made: with a name they stay when the cache needs room.
    """
    with open_studio(ctx) as studio:
        library = studio.models.library
        if str(path).startswith("kept:"):
            path = library.find_path(Model(str(path)))
        model = library.add(name, path)
    if as_json:
        answer({"reference": model.reference, "path": str(path.absolute())})
    else:
        click.echo(model.reference)


@command.command("pull")
@click.argument("model", shell_complete=complete_models)
@click.option("--variant", metavar="NAME", help="Fetch this variant of the files, such as fp16, where there is one.")
@json_option
@plugins_option
@click.pass_context
def pull(ctx: click.Context, model: str, variant: str | None, as_json: bool) -> None:
    """Fetch MODEL, hub:OWNER/NAME@REVISION, from Hugging Face: only safetensors, GGUF and configuration files."""
    with open_studio(ctx, on_disk=False) as studio:
        library: Library = studio.models.library
        path = library.pull(Model(model), variant)
    size = sum(file.stat().st_size for file in find_files(path).values())
    if as_json:
        answer({"reference": model, "path": str(path), "bytes": size})
    else:
        click.echo(f"{path}\n{show_bytes(size)}")


@command.command("verify")
@click.argument("models", nargs=-1, shell_complete=complete_models)
@click.option("--accept", is_flag=True, help="Record the current content as correct.")
@json_option
@plugins_option
@click.pass_context
def verify(ctx: click.Context, models: tuple[str, ...], accept: bool, as_json: bool) -> int:
    """Read all bytes of MODELS, or of all models, and compare them with the recorded digests.

    The recorded digest of a hub: model comes from the hub, and that of a builtin: model from its plugin. For a local:
    model it is the content hash when it was added; for another, the content hash when it was first verified.
    """
    rows = []
    with open_studio(ctx, on_disk=False) as studio:
        library: Library = studio.models.library
        for reference in models or [row.reference for row in library.list_models() if not row.problem]:
            row = _describe_verdict(reference, library.verify(Model(reference), accept=accept))
            rows.append(row)
            if not as_json:
                _show_verdict(row)
    if as_json:
        answer(rows)
    return FAILED if any(row["status"] == "changed" for row in rows) else DONE


def _describe_verdict(reference: str, verdict: Verdict) -> dict[str, Any]:
    hint = _hint_change(reference, shipped=bool(verdict.files)) if verdict.status == "changed" else ""
    files = [str(name) for name in verdict.files]
    return {"reference": reference, "status": verdict.status, "digest": verdict.digest, "files": files, "hint": hint}


def _show_verdict(row: dict[str, Any]) -> None:
    line = f"{row['reference']}: {row['status']}, {row['digest']}"
    if row["status"] == "changed":
        line = click.style(line, fg="red") + "".join(f"\n  {name}" for name in row["files"])
        line += f"\n  hint: {row['hint']}"
    click.echo(line)


def _hint_change(reference: str, *, shipped: bool) -> str:
    if reference.startswith("builtin:") and shipped:
        return "install again the plugin that contains it"
    if reference.startswith("hub:"):
        return f"fetch it again: studio models remove {reference} && studio models pull {reference}"
    return f"if the change is intended: studio models verify --accept {reference}"


@command.command("write-digests")
@click.argument("paths", nargs=-1, required=True, type=PathType(exists=True))
@json_option
def write_digests(paths: tuple[Path, ...], as_json: bool) -> None:
    """Write the digest of the weights at each of PATHS to PATH.blake3.txt, for a plugin that includes them."""
    written = [str(write_digest_list(path)) for path in paths]
    if as_json:
        answer(written)
    else:
        click.echo("\n".join(written))


@command.command("list-digests", hidden=True)
@click.argument("paths", nargs=-1, required=True, type=PathType(exists=True))
@json_option
@click.pass_context
def list_digests(ctx: click.Context, paths: tuple[Path, ...], as_json: bool) -> None:
    """Write digests, as 0.1.0 called it."""
    ctx.invoke(write_digests, paths=paths, as_json=as_json)


@command.command("remove")
@click.argument("model", shell_complete=complete_models)
@json_option
@plugins_option
@click.pass_context
def remove(ctx: click.Context, model: str, as_json: bool) -> None:
    """Remove a pulled MODEL, or the name of an added one, whose files stay."""
    with open_studio(ctx, on_disk=False) as studio:
        freed = studio.models.library.remove(Model(model))
    if as_json:
        answer({"reference": model, "freed_bytes": freed})
        return
    note = "; its files stay where they are" if model.startswith("local:") else ""
    click.echo(f"removed {model}: {show_bytes(freed)} freed{note}")
