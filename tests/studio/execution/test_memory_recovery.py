"""What the executor does when memory runs out: each measure, in order, with an error injected until it was taken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_models import CountingOpener, ModelPlugin, OutOfMemoryError, open_model_studio, write_weights
from fakes import get_error, graph

from studio.app import RunResult, Studio

RUNG = {"use": ("net.use", {"a": 3})}


@pytest.fixture
def plugin(tmp_path: Path) -> ModelPlugin:
    """A plugin with two models in the box."""
    weights = {name: write_weights(tmp_path / f"{name}.safetensors", value) for name, value in (("net", 1), ("big", 2))}
    return ModelPlugin(weights)


@pytest.fixture
def studio(tmp_path: Path, plugin: ModelPlugin) -> Iterator[Studio]:
    """A Studio with that plugin."""
    with open_model_studio(tmp_path, plugin) as made:
        yield made


def warn(result: RunResult, node: str = "use") -> list[str]:
    """Return what the manifest says of a node."""
    return list(result.manifest["nodes"][node]["warnings"])


def many(count: int, **inputs: Any) -> dict[str, Any]:
    """Return a graph that uses the network for so many numbers, mapped over a list."""
    return graph({"use": ("net.use", {"a": list(range(count)), **inputs})}, o="use")


def test_models_that_no_call_has_open_are_evicted_first(studio: Studio, plugin: ModelPlugin) -> None:
    studio.run(graph({"use": ("net.use", {"a": 1, "model": "builtin:big"})}, o="use"))
    plugin.opener.measures = ("slicing",)
    plugin.fits = lambda net, n: plugin.opener.closed["big"] == 1

    result = studio.run(graph(RUNG, o="use"))

    assert result["o"] == 6
    assert plugin.opener.opened == {"big": 1, "net": 1}
    assert warn(result) == ["out of memory: evicted builtin:big with 100 B on cpu, and ran again"]


def test_a_stack_is_halved_until_it_fits_and_later_stacks_begin_at_that_size(
    studio: Studio, plugin: ModelPlugin
) -> None:
    plugin.opener.measures = ("slicing",)
    plugin.fits = lambda net, n: n <= 2

    result = studio.run(many(12))

    assert result["o"] == [2 * a for a in range(12)]
    assert plugin.stacks[:3] == [8, 4, 2]
    assert all(size <= 2 for size in plugin.stacks if size not in (8, 4))
    assert plugin.stacks.count(8) == 1
    assert "out of memory in a stack of 8: it ran again in stacks of 4" in warn(result)
    assert not any("slicing" in line for line in warn(result))


def test_a_call_alone_has_its_models_save_memory_one_measure_at_a_time(studio: Studio, plugin: ModelPlugin) -> None:
    plugin.opener.measures = ("attention slicing", "VAE tiling", "offload to the CPU")
    plugin.fits = lambda net, n: len(net.measures) >= 2

    result = studio.run(graph(RUNG, o="use"))

    assert result["o"] == 6
    assert plugin.opener.opened["net"] == 1
    assert warn(result) == [
        "out of memory: builtin:net now runs with attention slicing, and ran again",
        "out of memory: builtin:net now runs with VAE tiling, and ran again",
    ]
    assert result.manifest["models"]["resident_bytes"] == 25


def test_halving_comes_before_saving_memory(studio: Studio, plugin: ModelPlugin) -> None:
    plugin.opener.measures = ("slicing",)
    plugin.fits = lambda net, n: n == 1 and bool(net.measures)

    result = studio.run(many(4))

    assert result["o"] == [0, 2, 4, 6]
    assert plugin.stacks[:4] == [4, 2, 1, 1]


def test_when_nothing_is_left_the_error_says_what_was_resident_and_how_much_was_asked_for(
    studio: Studio, plugin: ModelPlugin
) -> None:
    plugin.opener.measures = ("slicing",)
    plugin.fits = lambda net, n: False

    result = studio.run(graph({**RUNG, "other": ("net.spare", {"a": 1})}, o="use", p="other"))

    error = get_error(result)
    assert (result.status, error.code, result["p"]) == ("partly done", "E304", 2)
    assert "ran out of memory: CUDA out of memory" in error.message
    assert "; 2.50 GiB more were requested; in memory: builtin:net with 50 B on cpu" in error.message
    assert "Traceback" in error.details  # type: ignore[attr-defined]  # of a node


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("Unable to allocate 7.28 TiB for an array"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9000 bytes."),
        OutOfMemoryError("MPS backend out of memory"),
    ],
)
def test_every_way_of_running_out_is_understood(studio: Studio, plugin: ModelPlugin, error: BaseException) -> None:
    plugin.opener.measures = ("slicing",)
    plugin.error = lambda: error
    plugin.fits = lambda net, n: bool(net.measures)

    assert studio.run(graph(RUNG, o="use"))["o"] == 6


def test_other_errors_are_not_run_again(studio: Studio, plugin: ModelPlugin) -> None:
    plugin.opener.measures = ("slicing",)
    plugin.error = lambda: RuntimeError("shapes differ")
    plugin.fits = lambda net, n: False

    assert get_error(studio.run(graph(RUNG, o="use"))).code == "E301"
    assert plugin.stacks == [1]


def test_a_model_over_the_budget_stays_open_while_it_saves_memory(tmp_path: Path, plugin: ModelPlugin) -> None:
    plugin.opener.measures = ("slicing",)
    plugin.fits = lambda net, n: bool(net.measures)

    with open_model_studio(tmp_path, plugin, ram_bytes=0) as studio:
        result = studio.run(graph(RUNG, o="use"))

        assert result["o"] == 6
        assert plugin.opener.opened["net"] == plugin.opener.closed["net"] == 1
        assert studio.models.residents() == []


def test_running_out_while_a_model_is_opened_evicts_what_is_idle(studio: Studio, plugin: ModelPlugin) -> None:
    studio.run(graph({"use": ("net.use", {"a": 1, "model": "builtin:big"})}, o="use"))
    plugin.opener.faults = [OutOfMemoryError("out of memory")]

    result = studio.run(graph(RUNG, o="use"))

    assert result["o"] == 6
    assert plugin.opener.closed["big"] == 1
    assert warn(result) == ["to open builtin:net, evicted builtin:big with 100 B on cpu"]


def test_a_call_that_opens_two_models_in_turn_ends_although_it_leaves_one_idle(
    studio: Studio, plugin: ModelPlugin
) -> None:
    plugin.fits = lambda net, n: net.name == "net"

    nodes = {"use": ("net.use_all", {"a": 1, "models": ["builtin:net", "builtin:big"]})}
    result = studio.run(graph(nodes, o="use"))

    assert get_error(result).code == "E304"
    assert plugin.opener.opened["net"] <= 3


def test_an_opener_that_fails_to_save_memory_does_not_hide_what_happened(
    studio: Studio, plugin: ModelPlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: CountingOpener, opened: Any) -> str:
        raise KeyError("unet")

    monkeypatch.setattr(CountingOpener, "save_memory", fail)
    plugin.fits = lambda net, n: False

    result = studio.run(graph(RUNG, o="use"))

    assert get_error(result).code == "E304"
    assert warn(result) == ["builtin:net could not save memory: KeyError: 'unet'"]


def test_only_the_call_with_the_error_fails_of_a_stack(studio: Studio, plugin: ModelPlugin) -> None:
    nodes = {f"n{a}": ("net.use", {"a": a}) for a in (11, 12, 13, 14)}

    result = studio.run(graph(nodes, **{f"o{a}": f"n{a}" for a in (11, 12, 13, 14)}))

    assert result.outputs == {"o11": 22, "o12": 24, "o14": 28}
    assert get_error(result).node == "n13"  # type: ignore[attr-defined]  # of a node


def test_what_a_network_held_when_it_ran_out_is_free_before_it_runs_again(studio: Studio, plugin: ModelPlugin) -> None:
    import weakref

    import numpy as np

    alive: list[weakref.ref[Any]] = []
    seen: list[bool] = []

    def fits(net: Any, n: int) -> bool:
        seen.extend(ref() is None for ref in alive)
        held = np.zeros(1000)
        alive.append(weakref.ref(held))
        if len(alive) == 1:
            raise OutOfMemoryError("out of memory")
        return True

    plugin.opener.measures = ("slicing",)
    plugin.fits = fits

    assert studio.run(graph(RUNG, o="use"))["o"] == 6
    assert seen == [True]


def test_a_real_network_of_torch_saves_memory_and_gives_the_same(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")

    class TorchOpener(CountingOpener):
        def open(self, path: Path, model: Any, *, device: str, dtype: str, parts: Any) -> Any:
            torch.manual_seed(0)
            self.opened[path.stem] += 1
            return torch.nn.Linear(256, 256, dtype=getattr(torch, dtype))

        def measure(self, opened: Any) -> int:
            return sum(tensor.numel() * tensor.element_size() for tensor in opened.parameters())

        def save_memory(self, opened: Any) -> str | None:
            if opened.weight.dtype == torch.bfloat16:
                return None
            opened.to(torch.bfloat16)
            return "bfloat16"

        def close(self, opened: Any) -> None:
            opened.to("meta")

    plugin = ModelPlugin({"net": write_weights(tmp_path / "net.safetensors")}, TorchOpener())
    plugin.fits = lambda net, n: net(torch.ones(256, dtype=net.weight.dtype)).dtype == torch.bfloat16
    plugin.error = lambda: torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")

    with open_model_studio(tmp_path, plugin) as studio:
        result = studio.run(graph(RUNG, o="use"))

    assert result["o"] == 6
    assert result.manifest["models"]["resident_bytes"] == (256 * 256 + 256) * 2
    assert warn(result) == ["out of memory: builtin:net now runs with bfloat16, and ran again"]
