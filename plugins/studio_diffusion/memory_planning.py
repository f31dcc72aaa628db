"""Where the networks of a model go, and in which precision, so that they fit into the memory of a device.

A plan never changes results unless the load option `quantization` is "auto": it moves networks, and asks before it
rounds their weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from studio.api import MemoryBudget, MemoryPlan, PlannedPart
from studio_diffusion.offload import AUTO, BY_PARTS, NONE, find_offload, is_decoder
from studio_diffusion.quantization import find_quantization, has_nf4
from studio_diffusion.weight_sizes import WeightPart

_GIB = 2**30
_BYTES_PER_SECOND = 20e9  # what PCI Express 4.0 x16 moves in practice
_WIDTHS = {"float32": 4, "float16": 2, "bfloat16": 2}


def plan_parts(
    parts: Sequence[WeightPart], options: Mapping[str, Any], budget: MemoryBudget, *, device: str, dtype: str
) -> MemoryPlan:
    """Choose precision and places.

    Without a load option that says otherwise everything is on the device if it fits, else each network while it works,
    else the denoiser block by block. `quantization` "auto" takes the first of none, int8 and nf4 with which each
    network fits as a whole.

    Args:
        parts: The networks.
        options: Load options.
        budget: What weights may take.
        device: As torch writes it.
        dtype: "float32", "float16" or "bfloat16".

    Raises:
        ModelError: E615 or E619 for options that are invalid.
    """
    planner = _Planner(parts, budget, device, dtype)
    asked = options.get("quantization") == AUTO
    fixed = find_offload(options) or (NONE if options.get("offload") == NONE else "")
    names = _list_automatic(parts) if asked else [find_quantization(options)]
    ways = [planner.plan(name, fixed) for name in names]
    whole = [way for way in ways if way.fits and way.offload not in BY_PARTS]
    fitting = [way for way in ways if way.fits]
    chosen = (whole or fitting or ways[-1:])[0]
    return chosen.describe(asked=asked, fixed=bool(fixed), others=tuple(planner.list_others(chosen)))


def _list_automatic(parts: Sequence[WeightPart]) -> list[str]:
    if any(part.fixed_bytes for part in parts if part.is_denoiser):
        return [""]  # GGUF is quantized already
    return ["", "int8", *(["nf4"] if has_nf4() else [])]


class _Way:
    """One precision and one way to offload, with what it takes."""

    def __init__(self, planner: _Planner, quantization: str, offload: str) -> None:
        self.planner, self.quantization, self.offload = planner, quantization, offload
        self.sizes = {part.name: part.count_bytes(planner.width, quantization) for part in planner.parts}
        self.device_bytes = self._count_device()
        self.memory_bytes = 0 if offload == NONE else sum(self.sizes.values())

    @property
    def fits(self) -> bool:
        budget = self.planner.budget
        return _is_within(self.device_bytes, budget.device_bytes) and _is_within(self.memory_bytes, budget.memory_bytes)

    def _count_device(self) -> int:
        if self.offload == NONE:
            return sum(self.sizes.values())
        if self.offload == "model":
            return max(self.sizes.values(), default=0)
        staying = sum(size for name, size in self.sizes.items() if is_decoder(name))
        at_once = 2 if self.offload == "stream" else 1
        width, stored = self.planner.width, self.quantization
        moving = [
            part.count_moving_bytes(width, stored, at_once=at_once)
            for part in self.planner.parts
            if not is_decoder(part.name)
        ]
        return staying + max(moving, default=0)

    def describe(self, *, asked: bool, fixed: bool, others: tuple[str, ...]) -> MemoryPlan:
        options: dict[str, str] = {}
        if asked:
            options["quantization"] = self.quantization
        if not fixed and self.offload != NONE:
            options["offload"] = self.offload
        return MemoryPlan(
            parts=tuple(self._list_parts()),
            options=options,
            result_options=frozenset({"quantization"}),
            device_bytes=self.device_bytes,
            memory_bytes=self.memory_bytes,
            fits=self.fits,
            cost=self._find_cost(),
            others=others,
        )

    def _list_parts(self) -> Iterator[PlannedPart]:
        for part in self.planner.parts:
            precision = self.quantization if part.is_denoiser and self.quantization else self.planner.dtype
            if part.fixed_bytes:
                precision = "gguf"
            yield PlannedPart(part.name, precision, self.sizes[part.name], self._find_place(part))

    def _find_place(self, part: WeightPart) -> str:
        if self.offload == NONE or (self.offload in BY_PARTS - {"sequential"} and is_decoder(part.name)):
            return "device"
        if self.offload == "model":
            return "memory; on the device while it works"
        by_block = self.offload != "sequential" and part.is_denoiser
        return f"memory; on the device {'block by block' if by_block else 'layer by layer'}"

    def _find_cost(self) -> str:
        said = f"{self.quantization}: results differ a little from {self.planner.dtype}. " if self.quantization else ""
        if self.offload == NONE:
            return said + "Nothing moves while it works."
        if self.offload == "model":
            moved, when = sum(self.sizes.values()), "Each image"
        else:
            moved, when = sum(self.sizes[part.name] for part in self.planner.parts if part.is_denoiser), "Each step"
        seconds = moved / _BYTES_PER_SECOND
        return f"{said}Results are those without offload. {when} moves {_show(moved)}: {seconds:.2g} s at 20 GB/s."


class _Planner:
    def __init__(self, parts: Sequence[WeightPart], budget: MemoryBudget, device: str, dtype: str) -> None:
        self.parts, self.budget, self.device, self.dtype = parts, budget, device, dtype
        self.width = _WIDTHS[dtype]

    def plan(self, quantization: str, offload: str = "") -> _Way:
        """Return the first way that fits, or the one that needs least of the device."""
        if offload:
            return _Way(self, quantization, offload)
        names = [NONE] if self.device == "cpu" else [NONE, "model", *([] if quantization == "nf4" else ["group"])]
        ways = [_Way(self, quantization, name) for name in names]
        return next((way for way in ways if way.fits), ways[-1])

    def list_others(self, chosen: _Way) -> Iterator[str]:
        """Yield a line for each other precision: what would come of it."""
        stored = any(part.fixed_bytes for part in self.parts if part.is_denoiser)
        for name in () if stored else ("", "fp8", "int8", "nf4"):
            if name == chosen.quantization:
                continue
            way = self.plan(name)
            said = "all on the device" if way.offload == NONE else f"offload {way.offload}"
            label = f'"quantization": "{name}"' if name else "no quantization"
            lacks = "; needs the package bitsandbytes" if name == "nf4" and not has_nf4() else ""
            fits = "fits" if way.fits else "does not fit"
            yield f"{label}: {fits}, {said}, {_show(way.device_bytes)} on the device at once{lacks}"


def _is_within(size: int, limit: int | None) -> bool:
    return limit is None or size <= limit


def _show(size: int | None) -> str:
    return (
        "any amount" if size is None else f"{size / _GIB:.1f} GiB" if size >= _GIB / 10 else f"{size / 2**20:.1f} MiB"
    )
