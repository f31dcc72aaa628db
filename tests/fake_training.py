"""A plugin that trains: its weights are one number, and it leaves after each step how far it got."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fake_models import write_weights
from fakes import graph
from safetensors.numpy import load_file

from studio.api import Context, Model, ModelOpener, hookimpl, node
from studio.app import Studio
from studio.settings import Settings

STEPS = 10


class FirstWeight(ModelOpener):
    """Opens weights as their first number."""

    def can_open(self, path: Path, model: Model) -> bool:
        """Say that it can."""
        return path.suffix == ".safetensors"

    def open(self, path: Path, model: Model, *, device: str, dtype: str, parts: Mapping[str, Any]) -> float:
        """Return the first weight."""
        return float(load_file(path)["t0"][0])

    def measure(self, opened: float) -> int:
        """Return a few bytes."""
        return 8


class Trainer:
    """A plugin whose node type makes weights in steps, and leaves after each how far it got.

    It fails at the step in the environment variable FAILS_AT. An attribute would make it another plugin.

    Attributes:
        steps: The steps that were made, in order.
    """

    def __init__(self, on_step: Callable[[int], None] = lambda step: None) -> None:
        self.on_step = on_step
        self.steps: list[int] = []

    @hookimpl
    def studio_model_openers(self) -> list[ModelOpener]:
        """Return the opener."""
        return [FirstWeight()]

    @hookimpl
    def studio_node_types(self) -> list[Any]:
        """Return the node types."""

        @node("trained.train")
        def train(ctx: Context, amount: float = 1.0) -> Model:
            """Make weights in steps."""
            state = ctx.checkpoint / "step.txt"
            first = int(state.read_text(encoding="ascii")) if state.exists() else 0
            for step in range(first, STEPS):
                ctx.step(step, STEPS)
                self.steps.append(step)
                self.on_step(step)
                if str(step) == os.environ.get("FAILS_AT"):
                    raise ValueError("lost")
                (ctx.checkpoint / "new.txt").write_text(str(step + 1), encoding="ascii")
                (ctx.checkpoint / "new.txt").replace(state)
            return ctx.keep(write_weights(ctx.scratch / "own.safetensors", amount))

        @node("trained.read")
        def read(ctx: Context, model: Model) -> float:
            """Return the first weight."""
            with ctx.open(model) as weight:
                return float(weight)

        @node("trained.name")
        def name(ctx: Context, text: str) -> Model:
            """Return a reference that was given as text."""
            return Model(text)

        @node("trained.choose")
        def choose(ctx: Context, models: list[Model], index: int) -> Model:
            """Return one of the models that were given."""
            return models[index]

        @node("trained.make")
        def make(ctx: Context, kind: str) -> Model:
            """Keep something that is no weights."""
            path = ctx.scratch / "weights.safetensors"
            if kind == "pickle":
                path = path.with_suffix(".bin")
                path.write_bytes(pickle.dumps({"a": 1}))
            elif kind == "damaged":
                path.write_bytes(b"\xff" * 100)
            return ctx.keep(path)

        return [train, read, name, choose, make]


def open_studio(folder: Path, trainer: Trainer, **changes: Any) -> Studio:
    """Return a Studio with the trainer alone."""
    settings = Settings(cache_dir=folder / "cache", models_dir=folder / "models", device="cpu", **changes)
    return Studio(settings, plugins=[("trained", trainer)], discover=False)


def train(amount: float = 1.0) -> dict[str, Any]:
    """Return a graph that trains and reads."""
    nodes = {"t": ("trained.train", {"amount": amount}), "r": ("trained.read", {"model": "@t"})}
    return graph(nodes, o="r", model="t")
