"""`studio models`: list, show, add, pull, verify, remove."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from studio.api import Model
from studio.cli.main import DONE, FAILED
from studio.cli.options import create_studio, json_option
from studio.runtime.library import Description, Library
from studio.runtime.memory import show_bytes
from studio.runtime.weights import find_files, write_digest_list


@click.group("models")
@click.option("--plugins-dir", type=click.Path(path_type=Path), help="Folder with further plugins.")
@click.pass_context
def command(ctx: click.Context, plugins_dir: Path | None) -> None:
    """Look after models: what is on this machine, and what is fetched to it.

    A model is builtin:NAME (it ships with a plugin), local:NAME (added with `studio models add`), file:PATH, or
    hub:OWNER/NAME@REVISION.
    """
    ctx.obj = plugins_dir


def _open(ctx: click.Context, **more: Any) -> Any:
    return create_studio("cpu", None, ctx.obj, **more)


@command.command("list")
@json_option("Print as JSON.")
@click.pass_context
def list_models(ctx: click.Context, as_json: bool) -> None:
    """List the models on this machine with their sizes; for one that cannot be used, why."""
    with _open(ctx, on_disk=False) as studio:
        rows = studio.models.library.list_models()
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1))
        return
    width = max((len(row.reference) for row in rows), default=0)
    for row in rows:
        told = click.style(row.problem, fg="red") if row.problem else row.path
        click.echo(f"{row.reference:{width}}  {show_bytes(row.bytes):>10}  {told}")
    if not rows:
        click.echo("there are no models; add one with `studio models add NAME PATH`, or `studio models pull`")


@command.command("show")
@click.argument("model")
@json_option("Print as JSON.")
@click.pass_context
def show(ctx: click.Context, model: str, as_json: bool) -> None:
    """Say what MODEL is: classes, components, types of numbers, content hash, licence. Nothing is loaded."""
    with _open(ctx) as studio:
        told = studio.models.library.describe(Model(model))
    click.echo(json.dumps(told.to_json(), ensure_ascii=False, indent=1) if as_json else _describe(told))


def _describe(told: Description) -> str:
    lines = [
        f"{click.style(told.reference, bold=True)}  {told.kind}, {show_bytes(told.bytes)}",
        f"path: {told.path}",
        f"content hash: {told.digest}",
        f"licence: {told.licence or 'not said in README.md'}",
    ]
    width = max((len(part.name) for part in told.components), default=0)
    for part in told.components:
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
@click.argument("path", type=click.Path(path_type=Path))
@click.pass_context
def add(ctx: click.Context, name: str, path: Path) -> None:
    """Give the weights at PATH a short name: they are then local:NAME. The files stay where they are."""
    with _open(ctx) as studio:
        model = studio.models.library.add(name, path)
    click.echo(model.reference)


@command.command("pull")
@click.argument("model")
@click.option("--variant", metavar="NAME", help="Fetch these files, such as fp16, where a part has them.")
@click.pass_context
def pull(ctx: click.Context, model: str, variant: str | None) -> None:
    """Fetch MODEL, hub:OWNER/NAME@REVISION, from the hub: safetensors, GGUF, configurations; never code or pickles."""
    with _open(ctx, on_disk=False) as studio:
        library: Library = studio.models.library
        path = library.pull(Model(model), variant)
    size = sum(file.stat().st_size for file in find_files(path).values())
    click.echo(f"{path}\n{show_bytes(size)}")


@command.command("verify")
@click.argument("models", nargs=-1)
@click.option("--accept", is_flag=True, help="Take what is there now as what it should be.")
@click.pass_context
def verify(ctx: click.Context, models: tuple[str, ...], accept: bool) -> int:
    """Read all bytes of MODELS, or of all models, and compare them with what is recorded.

    For hub: that is what the hub calls each file by; for builtin: the digests that ship with them; for local: the
    content hash when it was added; for others the content hash when they were first verified.
    """
    code = DONE
    with _open(ctx, on_disk=False) as studio:
        library: Library = studio.models.library
        for reference in models or [row.reference for row in library.list_models() if not row.problem]:
            verdict = library.verify(Model(reference), accept=accept)
            told = f"{reference}: {verdict.status}, {verdict.digest}"
            if verdict.status == "changed":
                code = FAILED
                told = click.style(told, fg="red") + "".join(f"\n  {name}" for name in verdict.files)
                told += f"\n  hint: {_hint_change(reference, shipped=bool(verdict.files))}"
            click.echo(told)
    return code


def _hint_change(reference: str, *, shipped: bool) -> str:
    if reference.startswith("builtin:") and shipped:
        return "install again what ships it"
    if reference.startswith("hub:"):
        return f"fetch it again: studio models remove {reference} && studio models pull {reference}"
    return f"if that is meant: studio models verify --accept {reference}"


@command.command("list-digests")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
def list_digests(paths: tuple[Path, ...]) -> None:
    """Write the digests of weights at PATHS beside them, as PATH.blake3.txt, for a plugin that ships them."""
    for path in paths:
        click.echo(str(write_digest_list(path)))


@command.command("remove")
@click.argument("model")
@click.pass_context
def remove(ctx: click.Context, model: str) -> None:
    """Remove MODEL if it was pulled, or forget the name of one that was added; its files then stay where they are."""
    with _open(ctx, on_disk=False) as studio:
        freed = studio.models.library.remove(Model(model))
    told = "; its files stay where they are" if model.startswith("local:") else ""
    click.echo(f"removed {model}: {show_bytes(freed)} freed{told}")
