"""Fake weights, an opener that counts, and node types that open models; torch is needed for none of it."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from fakes import create_settings
from safetensors.numpy import save_file

from studio.api import Batch, Context, Model, ModelOpener, hookimpl, node
from studio.app import Studio
from studio.cache.digest import hash_file
from studio.runtime.library import Library


class OutOfMemoryError(RuntimeError):
    """Named as torch names its own."""


def write_weights(path: Path, *values: float, size: int = 4) -> Path:
    """Write a safetensors file; each value is a tensor filled with it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({f"t{i}": np.full(size, value, np.float32) for i, value in enumerate(values or (1.0,))}, path)
    return path


def write_pipeline(folder: Path, **components: float) -> Path:
    """Write a folder in diffusers format; each component has weights of one value."""
    index: dict[str, Any] = {"_class_name": "FakePipeline", "safety_checker": [None, None]}
    for name, value in components.items():
        write_weights(folder / name / "model.safetensors", value)
        (folder / name / "config.json").write_text(json.dumps({"_class_name": f"Fake{name.title()}"}), encoding="utf-8")
        index[name] = ["diffusers", f"Fake{name.title()}"]
    (folder / "model_index.json").write_text(json.dumps(index), encoding="utf-8")
    return folder


def create_library(folder: Path, **builtin: Path) -> Library:
    """Return a library that remembers in a folder."""
    return Library(builtin, lambda path: hash_file(path).hex(), folder=folder / "models")


class Opened:
    """An opened model."""

    def __init__(self, name: str, size: int, parts: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.size = size
        self.parts = dict(parts or {})
        self.measures: list[str] = []
        self.closed = False


class CountingOpener(ModelOpener):
    """Opens files, and folders in parts; counts, and fails as it is told.

    Attributes:
        opened: How often each name was opened.
        closed: How often each name was closed.
        size: What each model holds of its own, and each part.
        measures: What `save_memory` can do, in order.
        faults: What to raise at the next openings, in order; None for nothing.
        gate: Waited for while opening, if it is there; `entered` is set before.
    """

    def __init__(self, size: int = 100) -> None:
        self.opened: Counter[str] = Counter()
        self.closed: Counter[str] = Counter()
        self.size = size
        self.measures: Sequence[str] = ()
        self.faults: list[BaseException | None] = []
        self.gate: threading.Event | None = None
        self.entered = threading.Event()
        self.options: list[dict[str, Any]] = []

    def can_open(self, path: Path, model: Model) -> bool:
        """Say yes to safetensors and folders."""
        return path.suffix == ".safetensors" or path.is_dir()

    def parts(self, path: Path, model: Model) -> Mapping[str, Path]:
        """Name every component but the network."""
        return {p.name: p for p in sorted(path.iterdir()) if p.is_dir() and p.name != "unet"} if path.is_dir() else {}

    def open_part(self, name: str, path: Path, model: Model, *, device: str, dtype: str) -> Any:
        """Open a part."""
        return self._make(name)

    def open(self, path: Path, model: Model, *, device: str, dtype: str, parts: Mapping[str, Any]) -> Any:
        """Open a whole."""
        self.options.append(dict(model.options))
        if self.gate is not None:
            self.entered.set()
            assert self.gate.wait(30)
        return self._make(path.stem, parts)

    def _make(self, name: str, parts: Mapping[str, Any] | None = None) -> Opened:
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise fault
        self.opened[name] += 1
        return Opened(name, self.size, parts)

    def measure(self, opened: Any) -> int:
        """Return what it holds, with its parts."""
        return int(opened.size + sum(self.measure(part) for part in opened.parts.values()))

    def save_memory(self, opened: Any) -> str | None:
        """Take the next measure; each halves what the model holds."""
        if len(opened.measures) == len(self.measures):
            return None
        opened.measures.append(self.measures[len(opened.measures)])
        opened.size //= 2
        return str(opened.measures[-1])

    def close(self, opened: Any) -> None:
        """Count."""
        assert not opened.closed
        opened.closed = True
        self.closed[opened.name] += 1


class ModelPlugin:
    """The plugin. `fits(net, n)` says whether a call of `n` entries that has `net` open has the memory it needs."""

    def __init__(self, builtin: Mapping[str, Path], opener: CountingOpener | None = None) -> None:
        self.builtin = builtin
        self.opener = opener or CountingOpener()
        self.fits: Callable[[Any, int], bool] = lambda net, n: True
        self.error: Callable[[], BaseException] = lambda: OutOfMemoryError(
            "CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 8 GiB."
        )
        self.stacks: list[int] = []

    def run(self, ctx: Any, model: Model, count: int) -> Any:
        """Open a model for so many entries, or run out of memory; scratch must be empty whenever it begins."""
        assert list(ctx.scratch.iterdir()) == []
        (ctx.scratch / "left").write_text("over", encoding="utf-8")
        with ctx.open(model) as net:
            self.stacks.append(count)
            if not self.fits(net, count):
                raise self.error()
            return net

    @hookimpl
    def studio_models(self) -> Mapping[str, Path]:
        """Return what ships."""
        return self.builtin

    @hookimpl
    def studio_model_openers(self) -> list[ModelOpener]:
        """Return the opener."""
        return [self.opener]

    @hookimpl
    def studio_node_types(self) -> list[Callable[..., Any]]:
        """Return the node types."""
        net = Model("builtin:net")

        def use_stack(ctx: Any, calls: Sequence[Mapping[str, Any]]) -> list[int]:
            for call in calls:
                if call["a"] == 13:
                    raise ValueError("13 is unlucky")
            self.run(ctx, calls[0]["model"], len(calls))
            return [call["a"] * 2 for call in calls]

        @node("net.use", lane="device", device_free=True, batch=Batch(use_stack, same=("model",), limit=8))
        def use(ctx: Context, a: int, *, model: Model = net) -> int:
            """Double a number with a network."""
            return use_stack(ctx, [{"a": a, "model": model}])[0]

        @node("net.use_all", lane="device", device_free=True)
        def use_all(ctx: Context, a: int, *, models: list[Model] = [net]) -> int:  # noqa: B006  (read from the signature)
            """Add the number of models that open."""
            for model in models:
                self.run(ctx, model, 1)
                (ctx.scratch / "left").unlink()
            return a + len(models)

        @node("net.spare", device_free=True)
        def spare(ctx: Context, a: int) -> int:
            """Add one without a model."""
            return a + 1

        return [use, use_all, spare]


def open_model_studio(folder: Path, plugin: ModelPlugin, **changes: Any) -> Studio:
    """Return a Studio with that plugin alone, with folders of its own."""
    settings = create_settings(
        folder / "cache", **{"models_dir": folder / "models", "hub_dir": folder / "hub", **changes}
    )
    return Studio(settings, plugins=[("net", plugin)], discover=False)
