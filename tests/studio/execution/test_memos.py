"""`ctx.memo`: a partial result is made once for each key, code, model and precision, and never crosses them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_models import CountingOpener, open_model_studio, write_weights
from fakes import get_error, graph

from studio.api import Batch, Context, Image, Model, Packed, Video, hookimpl, node
from studio.app import Studio
from studio.runtime.devices import Device

ONE = Model("builtin:one")


class MemoPlugin:
    """Node types that keep partial results.

    Attributes:
        made: What was made, in order.
        result: Makes a partial result of a key.
        code: Revision of the code.
    """

    def __init__(self, builtin: Mapping[str, Path], code: int = 1) -> None:
        self.builtin = builtin
        self.opener = CountingOpener()
        self.made: list[Any] = []
        self.result: Callable[[Any], Any] = lambda key: {"key": key}
        self.code = code

    def ask(self, ctx: Context, key: Any) -> Any:
        """Ask for a partial result."""

        def make() -> Any:
            self.made.append(key)
            return self.result(key)

        return ctx.memo(key, make)

    @hookimpl
    def studio_node_types(self) -> Sequence[Callable[..., Any]]:
        """Return all of them."""

        @node("net.use", code=self.code)
        def use(ctx: Context, key: str, *, seed: int = 0, model: Model = ONE) -> int:
            """Keep a partial result by a key."""
            return len(str(self.ask(ctx, key))) + seed

        @node("net.other")
        def other(ctx: Context, key: str, *, seed: int = 0, model: Model = ONE) -> int:
            """Keep a partial result by the same key."""
            return len(str(self.ask(ctx, key))) + seed

        @node("net.open")
        def open_model(ctx: Context, key: str, *, name: str) -> int:
            """Keep a partial result after a model was opened that is no input."""
            with ctx.open(Model(f"builtin:{name}")):
                return len(str(self.ask(ctx, key)))

        @node("net.mix")
        def mix(ctx: Context, key: str, *, models: list[Model]) -> int:
            """Keep a partial result of several models."""
            return len(str(self.ask(ctx, key)))

        @node("net.compute", lane="device")
        def compute(ctx: Context, key: str, *, seed: int = 0) -> int:
            """Keep a partial result on the run's device."""
            return len(str(self.ask(ctx, key))) + seed

        def stack(ctx: Context, calls: Sequence[Mapping[str, Any]]) -> list[int]:
            self.ask(ctx, "all")
            return [call["seed"] for call in calls]

        @node("net.stack", batch=Batch(stack, limit=8))
        def stacked(ctx: Context, seed: int, *, model: Model = ONE) -> int:
            """Keep a partial result of a stack."""
            return stack(ctx, [{"seed": seed, "model": model}])[0]

        return [use, other, open_model, mix, compute, stacked]

    @hookimpl
    def studio_models(self) -> Mapping[str, Path]:
        """Return the weights."""
        return self.builtin

    @hookimpl
    def studio_model_openers(self) -> Sequence[CountingOpener]:
        """Return the opener."""
        return [self.opener]


@pytest.fixture
def plugin(tmp_path: Path) -> MemoPlugin:
    """A plugin with two models."""
    return MemoPlugin({name: write_weights(tmp_path / f"{name}.safetensors", size) for name, size in WEIGHTS.items()})


WEIGHTS = {"one": 1.0, "two": 2.0}


def run(studio: Studio, node_type: str = "net.use", cache: str = "use", **inputs: Any) -> Any:
    """Run one node."""
    result = studio.run(graph({"a": (node_type, inputs)}, o="a"), cache=cache)
    assert result.status == "done", result.errors
    return result["o"]


def test_equal_keys_share_what_was_made(tmp_path: Path, plugin: MemoPlugin) -> None:
    with open_model_studio(tmp_path, plugin) as studio:
        results = [run(studio, key="apple", seed=seed) for seed in range(3)]
        run(studio, key="pear")

    assert results == [results[0] + seed for seed in range(3)]
    assert plugin.made == ["apple", "pear"]


def test_another_process_finds_what_was_made(tmp_path: Path, plugin: MemoPlugin) -> None:
    for seed in range(2):
        with open_model_studio(tmp_path, plugin) as studio:
            run(studio, key="apple", seed=seed)

    assert plugin.made == ["apple"]


def test_nothing_crosses_node_types(tmp_path: Path, plugin: MemoPlugin) -> None:
    with open_model_studio(tmp_path, plugin) as studio:
        run(studio, key="apple")
        run(studio, "net.other", key="apple")

    assert plugin.made == ["apple", "apple"]


def test_nothing_crosses_code(tmp_path: Path, plugin: MemoPlugin) -> None:
    later = MemoPlugin(plugin.builtin, code=2)
    for one in (plugin, later, plugin):
        with open_model_studio(tmp_path, one) as studio:
            run(studio, key="apple", seed=len(plugin.made) + len(later.made))

    assert (plugin.made, later.made) == (["apple"], ["apple"])


def test_nothing_crosses_models(tmp_path: Path, plugin: MemoPlugin) -> None:
    with open_model_studio(tmp_path, plugin) as studio:
        run(studio, key="apple", model="builtin:one")
        run(studio, key="apple", model="builtin:two")
        run(studio, key="apple", seed=1, model="builtin:two")

    assert plugin.made == ["apple", "apple"]


def test_other_weights_under_one_name_are_another_model(tmp_path: Path, plugin: MemoPlugin) -> None:
    for seed, value in enumerate((1.0, 3.0)):
        write_weights(tmp_path / "one.safetensors", value)
        with open_model_studio(tmp_path, plugin) as studio:
            run(studio, key="apple", seed=seed)

    assert plugin.made == ["apple", "apple"]


def test_a_model_that_was_opened_counts_though_it_is_no_input(tmp_path: Path, plugin: MemoPlugin) -> None:
    with open_model_studio(tmp_path, plugin) as studio:
        for name in ("one", "two", "one"):
            run(studio, "net.open", key="apple", name=name)

    assert plugin.made == ["apple", "apple"]


def test_the_order_of_models_counts(tmp_path: Path, plugin: MemoPlugin) -> None:
    one, two = "builtin:one", "builtin:two"
    with open_model_studio(tmp_path, plugin) as studio:
        run(studio, "net.mix", key="apple", models=[one, two])
        run(studio, "net.mix", key="apple", models=[two, one])

    assert plugin.made == ["apple", "apple"]


@pytest.mark.parametrize("device", [Device("cpu", "bfloat16"), Device("cuda:0", "float32")])
def test_nothing_crosses_precision_or_kind_of_device(tmp_path: Path, plugin: MemoPlugin, device: Device) -> None:
    with open_model_studio(tmp_path, plugin) as studio:
        run(studio, "net.compute", key="apple", seed=0)
        own = studio.executor.services.device
        studio.executor.services.device = device
        run(studio, "net.compute", key="apple", seed=1)
        studio.executor.services.device = own
        run(studio, "net.compute", key="apple", seed=2)

    assert plugin.made == ["apple", "apple"]


def test_a_stack_of_calls_with_other_models_has_other_partial_results(tmp_path: Path, plugin: MemoPlugin) -> None:
    def build(*models: str) -> dict[str, Any]:
        nodes = {f"n{i}": ("net.stack", {"seed": i, "model": f"builtin:{name}"}) for i, name in enumerate(models)}
        return graph(nodes, **{name: name for name in nodes})

    with open_model_studio(tmp_path, plugin) as studio:
        studio.run(build("one"))
        studio.run(build("two"))

    assert plugin.made == ["all", "all"]


def test_without_a_cache_it_is_made_each_time_and_not_kept(tmp_path: Path, plugin: MemoPlugin) -> None:
    with open_model_studio(tmp_path, plugin) as studio:
        for cache in ("off", "off", "use", "refresh", "off"):
            run(studio, cache=cache, key="apple", seed=len(plugin.made))
        made = len(plugin.made)
        run(studio, key="apple", seed=99)

    assert (made, len(plugin.made)) == (5, 5)


VALUES: dict[str, Callable[[], Any]] = {
    "plain": lambda: {"a": [1, 2.5, None, "ü"]},
    "image": lambda: Image(np.arange(48, dtype=np.uint8).reshape(4, 4, 3)),
    "list of images": lambda: [Image(np.full((2, 2, 3), value, np.uint8)) for value in (1, 2)],
    "arrays": lambda: Packed({"dtype": "float32"}, {"a": np.linspace(0, 1, 7), "b": np.arange(6).reshape(2, 3)}),
}


@pytest.mark.parametrize("kind", VALUES)
def test_what_is_found_is_what_was_made(tmp_path: Path, plugin: MemoPlugin, kind: str) -> None:
    seen: list[Any] = []
    plugin.result = lambda key: VALUES[kind]()
    ask = plugin.ask
    plugin.ask = lambda ctx, key: seen.append(ask(ctx, key)) or seen[-1]  # type: ignore[method-assign, func-returns-value]
    for seed in range(2):
        with open_model_studio(tmp_path, plugin) as studio:
            run(studio, key="apple", seed=seed)
            digest = studio.cache.digest
            assert digest(seen[-1]) == digest(VALUES[kind]())

    assert plugin.made == ["apple"]


def test_what_a_node_does_to_it_changes_nothing_for_others(tmp_path: Path, plugin: MemoPlugin) -> None:
    kept = np.zeros(3)
    found: list[Any] = []
    plugin.result = lambda key: [{"a": [1]}] if key == "plain" else Packed({}, {"a": kept})
    ask = plugin.ask
    plugin.ask = lambda ctx, key: found.append(ask(ctx, key)) or found[-1]  # type: ignore[method-assign, func-returns-value]
    with open_model_studio(tmp_path, plugin) as studio:
        run(studio, key="plain")
        found[-1][0]["a"].append(2)
        run(studio, key="plain", seed=1)
        run(studio, key="arrays")
        kept += 1
        run(studio, key="arrays", seed=1)

    assert found[1] == [{"a": [1]}]
    assert not found[3].arrays["a"].any()
    assert not found[2].arrays["a"].flags.writeable


@pytest.mark.parametrize(
    "result",
    [
        lambda: {1, 2},
        lambda: object(),
        lambda: (1, 2),
        lambda: [object()],
        lambda: Video.from_images([Image(np.zeros((4, 4, 3), np.uint8))], 10),
        lambda: Packed({"a": object()}, {}),
    ],
)
def test_a_result_that_cannot_be_kept_is_an_error_of_the_node(
    tmp_path: Path, plugin: MemoPlugin, result: Callable[[], Any]
) -> None:
    plugin.result = lambda key: result()
    with open_model_studio(tmp_path, plugin) as studio:
        error = get_error(studio.run(graph({"a": ("net.use", {"key": "apple"})}, o="a")))

    assert error.code == "E319"
    assert "Packed" in error.hint


def test_a_partial_result_that_is_gone_is_made_again(tmp_path: Path, plugin: MemoPlugin) -> None:
    with open_model_studio(tmp_path, plugin, memory_bytes=0) as studio:
        run(studio, key="apple")
        assert studio.cache.disk is not None
        studio.cache.disk.prune(0)
        run(studio, key="apple", seed=1)

    assert plugin.made == ["apple", "apple"]


def test_partial_results_count_in_the_limit_of_the_cache(tmp_path: Path, plugin: MemoPlugin) -> None:
    plugin.result = lambda key: Packed({}, {"a": np.zeros(100_000, np.uint8)})
    with open_model_studio(tmp_path, plugin, cache_bytes=1_000_000) as studio:
        for index in range(30):
            run(studio, key=f"key {index}")
        assert studio.cache.disk is not None
        assert studio.cache.disk.table.measure()[2] <= 1_000_000
