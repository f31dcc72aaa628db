"""`studio models plan`: what goes where, in which precision, and what it costs. Nothing is loaded."""

from __future__ import annotations

import json
from typing import Any

import click

from studio.api import MemoryPlan, Model
from studio.cli.answer import answer
from studio.cli.models_options import open_studio, plugins_option
from studio.cli.options import BytesType, json_option
from studio.cli.shell_values import complete_models
from studio.errors import UsageError
from studio.runtime.devices import DTYPE_WORDS, Device, find_device, parse_device
from studio.runtime.memory import show_bytes
from studio.runtime.models import DEVICE_SHARE, MEMORY_SHARE


@click.command("plan")
@click.argument("model", shell_complete=complete_models)
@click.option(
    "--vram", "vram_bytes", type=BytesType(), metavar="SIZE", help="Memory of the GPU to plan for, such as 24GB."
)
@click.option(
    "--ram", "ram_bytes", type=BytesType(), metavar="SIZE", help="Memory of the machine to plan for, such as 64GB."
)
@click.option(
    "--device", default=None, metavar="DEVICE", help="Device to plan for: cpu, cuda, mps. With --vram it is cuda."
)
@click.option("--dtype", default="auto", type=click.Choice(DTYPE_WORDS), help="Floating-point precision of the model.")
@click.option(
    "--option", "options", multiple=True, metavar="NAME=VALUE", help="Load option of the model. May be repeated."
)
@json_option
@plugins_option
@click.pass_context
def plan(
    ctx: click.Context,
    model: str,
    vram_bytes: int | None,
    ram_bytes: int | None,
    device: str | None,
    dtype: str,
    options: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show how MODEL is opened on a GPU: which network goes where, in which precision, and what that costs.

    Only the heads of the files are read. Weights take up to 85 % of the memory that --vram and --ram name, as in a run;
    without them this machine counts. A run opens the model by the same plan.
    """
    limits = {"vram_bytes": _take_share(vram_bytes, DEVICE_SHARE), "ram_bytes": _take_share(ram_bytes, MEMORY_SHARE)}
    wanted = Model(model, tuple(_parse_option(text) for text in options))
    where = _find_device(device or ("cuda" if vram_bytes is not None else "auto"), dtype)
    with open_studio(ctx, **{name: size for name, size in limits.items() if size is not None}) as studio:
        found = studio.models.plan_memory(wanted, where)
        budget = studio.models.find_budget(where)
    if found is None:
        raise UsageError("E006", f"{model!r} is opened whole: there is no plan for it", hint="only pipelines have one")
    if as_json:
        given = {"device": budget.device_bytes, "memory": budget.memory_bytes}
        answer({"reference": model, "device": where.name, "dtype": where.dtype, "budget": given, **found.to_json()})
    else:
        click.echo(_describe(wanted, where, budget.device_bytes, budget.memory_bytes, found))


def _take_share(size: int | None, share: float) -> int | None:
    return None if size is None else int(size * share)


def _parse_option(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError("E006", f"invalid load option {text!r}", hint="write NAME=VALUE, such as quantization=int8")
    try:
        found = json.loads(value)
    except ValueError:
        return name, value
    return name, found if isinstance(found, int | float | bool) else value


def _find_device(name: str, dtype: str) -> Device:
    """Return a device, also one that this machine does not have."""
    name, dtype = parse_device(name, dtype)
    if not name.startswith("cuda"):
        return find_device(name, dtype)
    kind = "bfloat16" if dtype == "auto" else dtype
    return Device(name if ":" in name else "cuda:0", kind)


def _describe(model: Model, device: Device, room: int | None, memory: int | None, found: MemoryPlan) -> str:
    total = sum(part.bytes for part in found.parts)
    given = f"{_show(room)} for weights" + ("" if device.kind == "cpu" else f", and {_show(memory)} of memory")
    lines = [
        f"{click.style(model.reference, bold=True)}: {show_bytes(total)} of weights, for {device.name} with {given}",
        *_list_parts(found),
        f"on the device at once: {show_bytes(found.device_bytes)}; in memory: {show_bytes(found.memory_bytes)}",
    ]
    if not found.fits:
        lines.append(click.style("does not fit", fg="red"))
    lines.append(found.cost)
    chosen = {name: value for name, value in found.options.items() if value}
    if chosen:
        whole = {"model": model.reference, "options": {**dict(model.options), **chosen}}
        lines += ["chosen for this memory; to have it everywhere write", f"  {json.dumps(whole)}"]
    if found.others:
        lines += ["other ways:", *(f"  {text}" for text in found.others)]
    return "\n".join(lines)


def _list_parts(found: MemoryPlan) -> list[str]:
    rows = [(part.name, part.precision, show_bytes(part.bytes), part.place) for part in found.parts]
    names = max(len("PART"), *(len(row[0]) for row in rows)) if rows else 4
    head = click.style(f"  {'PART':{names}}  {'PRECISION':9}  {'SIZE':>10}  WHERE", bold=True)
    return [head, *(f"  {name:{names}}  {kind:9}  {size:>10}  {place}" for name, kind, size, place in rows)]


def _show(size: int | None) -> str:
    return "an unknown amount" if size is None else show_bytes(size)
