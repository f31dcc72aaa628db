"""Models in memory: leases, budgets, shared parts, threads, and failures while opening."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_models import CountingOpener, write_pipeline, write_weights

from studio.api import Model
from studio.cache.digest import hash_file
from studio.errors import ModelError, UsageError
from studio.runtime.devices import Device
from studio.runtime.models import Models
from studio.runtime.resident import Resident

CPU, GPU = Device("cpu", "float32"), Device("cuda:0", "bfloat16")
A, B, C = Model("builtin:a"), Model("builtin:b"), Model("builtin:c")

Make = Callable[..., Models]


@pytest.fixture
def opener() -> CountingOpener:
    """The opener; each model holds 100 bytes."""
    return CountingOpener()


@pytest.fixture
def make(tmp_path: Path, opener: CountingOpener) -> Make:
    """Make models a, b and c, with budgets."""
    builtin = {name: write_weights(tmp_path / f"{name}.safetensors", ord(name)) for name in "abc"}

    def create(**budgets: Any) -> Models:
        return Models(builtin, [opener], lambda path: hash_file(path).hex(), **budgets)

    return create


def use(models: Models, *references: Model, device: Device = CPU) -> None:
    """Open and give back each."""
    for reference in references:
        with models.open(reference, device):
            pass


# -- leases ------------------------------------------------------------------------------------------


def test_a_model_stays_open_for_the_next_who_asks(make: Make, opener: CountingOpener) -> None:
    models = make()

    with models.open(A, CPU) as first:
        pass
    with models.open(A, CPU) as second:
        assert second is first

    assert (opener.opened["a"], opener.closed["a"], models.loads) == (1, 0, 1)


def test_the_same_weights_by_another_name_are_the_same_model(make: Make, tmp_path: Path) -> None:
    models = make()
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes((tmp_path / "a.safetensors").read_bytes())

    with models.open(A, CPU) as first, models.open(Model(f"file:{copy}"), CPU) as second:
        assert first is second


@pytest.mark.parametrize(
    ("reference", "device"), [(Model("builtin:a", (("half", True),)), CPU), (A, GPU), (A, Device("cpu", "bfloat16"))]
)
def test_load_options_device_and_dtype_make_another_model(make: Make, reference: Model, device: Device) -> None:
    models = make()

    with models.open(A, CPU) as first, models.open(reference, device) as second:
        assert first is not second


def test_weights_that_changed_are_opened_anew(make: Make, tmp_path: Path) -> None:
    models = make()
    with models.open(A, CPU) as first:
        pass
    write_weights(tmp_path / "a.safetensors", 7, 8)

    with models.open(A, CPU) as second:
        assert second is not first


def test_a_lease_ends_also_after_an_error(make: Make) -> None:
    models = make()

    def fail() -> None:
        with models.open(A, CPU):
            raise RuntimeError("nope")

    with pytest.raises(RuntimeError):
        fail()

    assert models.residents() == [Resident("builtin:a", "cpu", "float32", 100, 0)]


# -- budgets -----------------------------------------------------------------------------------------


def test_what_was_not_used_for_longest_goes_first(make: Make, opener: CountingOpener) -> None:
    models = make(ram_bytes=200)

    use(models, A, B, A, C)

    assert opener.closed == {"b": 1}
    assert [resident.reference for resident in models.residents()] == ["builtin:a", "builtin:c"]


def test_what_is_open_is_never_evicted(make: Make, opener: CountingOpener) -> None:
    models = make(ram_bytes=100)

    with models.open(A, CPU) as net:
        use(models, B, C)
        assert not net.closed
        assert [r.reference for r in models.residents()] == ["builtin:a"]

    assert opener.closed == {"b": 1, "c": 1}


def test_room_is_made_before_a_model_is_opened(make: Make, opener: CountingOpener, tmp_path: Path) -> None:
    write_weights(tmp_path / "b.safetensors", 1, size=50)
    models = make(ram_bytes=250)
    use(models, A)
    opener.gate = threading.Event()
    thread = threading.Thread(target=use, args=(models, B))
    thread.start()
    assert opener.entered.wait(30)
    closed = dict(opener.closed)
    opener.gate.set()
    thread.join()

    assert closed == {"a": 1}


def test_a_budget_of_nothing_keeps_nothing(make: Make, opener: CountingOpener) -> None:
    models = make(ram_bytes=0)

    use(models, A, A)

    assert opener.opened["a"] == opener.closed["a"] == 2


def test_each_device_has_a_budget_of_its_own(make: Make, opener: CountingOpener) -> None:
    models = make(ram_bytes=100, vram_bytes=100)

    use(models, A)
    use(models, B, device=GPU)

    assert not opener.closed
    assert [r.device for r in models.residents()] == ["cpu", "cuda:0"]


def test_the_default_budget_is_a_share_of_the_machine(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from studio.runtime import models as module

    monkeypatch.setattr(module, "find_ram_bytes", lambda: 1000)
    monkeypatch.setattr(module, "find_vram_bytes", lambda device: None)

    assert make().find_limit(CPU) == 500
    assert make().find_limit(GPU) is None
    assert make(ram_bytes=7, vram_bytes=9).find_limit(GPU) == 9


def test_idle_models_can_be_evicted_at_once(make: Make) -> None:
    models = make()
    use(models, A)

    with models.open(B, CPU):
        evicted = models.evict_idle("cpu")

    assert [r.reference for r in evicted] == ["builtin:a"]
    assert [r.reference for r in models.residents()] == ["builtin:b"]


def test_closing_closes_everything_and_later_what_was_still_open(make: Make, opener: CountingOpener) -> None:
    models = make()
    use(models, A)

    with models.open(B, CPU):
        models.close()
        assert opener.closed == {"a": 1}

    assert opener.closed == {"a": 1, "b": 1}
    with pytest.raises(UsageError, match="E008"):
        use(models, A)


# -- parts -------------------------------------------------------------------------------------------


def test_equal_parts_of_two_models_are_opened_once(make: Make, opener: CountingOpener, tmp_path: Path) -> None:
    first = write_pipeline(tmp_path / "first", unet=1, vae=5, text_encoder=6)
    second = write_pipeline(tmp_path / "second", unet=2, vae=5, text_encoder=7)
    models = make()

    with models.open(Model(f"file:{first}"), CPU) as one, models.open(Model(f"file:{second}"), CPU) as two:
        assert one.parts["vae"] is two.parts["vae"]
        assert one.parts["text_encoder"] is not two.parts["text_encoder"]
        rows = {(r.reference, r.part): (r.bytes, r.leases) for r in models.residents()}

    assert (opener.opened["vae"], opener.opened["text_encoder"]) == (1, 2)
    assert rows[f"file:{first}", ""] == rows[f"file:{second}", ""] == (100, 1)
    assert rows[f"file:{first}", "vae"] == (100, 2)
    assert sum(size for size, _ in rows.values()) == 500


def test_a_part_goes_with_the_last_model_that_is_made_of_it(make: Make, opener: CountingOpener, tmp_path: Path) -> None:
    first = write_pipeline(tmp_path / "first", unet=1, vae=5)
    second = write_pipeline(tmp_path / "second", unet=2, vae=5)
    models = make(ram_bytes=300)
    use(models, Model(f"file:{first}"), Model(f"file:{second}"))
    assert not opener.closed

    use(models, A)
    assert opener.closed == {"first": 1}

    models.close()
    assert opener.closed == {"first": 1, "second": 1, "vae": 1, "a": 1}


@pytest.mark.parametrize("device", [Device("cpu", "bfloat16"), Device("cuda:0", "float32")])
def test_equal_parts_in_two_dtypes_or_on_two_devices_are_two_parts(
    make: Make, opener: CountingOpener, tmp_path: Path, device: Device
) -> None:
    first = write_pipeline(tmp_path / "first", unet=1, vae=5)
    second = write_pipeline(tmp_path / "second", unet=2, vae=5)
    models = make()

    with models.open(Model(f"file:{first}"), CPU) as one, models.open(Model(f"file:{second}"), device) as two:
        assert one.parts["vae"] is not two.parts["vae"]
        places = sorted((row.device, row.dtype) for row in models.residents() if row.part == "vae")

    assert places == sorted([("cpu", "float32"), (device.name, device.dtype)])


def test_parts_of_other_options_are_other_parts(make: Make, opener: CountingOpener, tmp_path: Path) -> None:
    path = write_pipeline(tmp_path / "first", unet=1, vae=5)
    models = make()

    use(models, Model(f"file:{path}"), Model(f"file:{path}", (("half", True),)))

    assert opener.opened["vae"] == 2


# -- threads -----------------------------------------------------------------------------------------


def test_two_who_ask_at_once_get_one_model_that_is_opened_once(make: Make, opener: CountingOpener) -> None:
    models = make()
    opener.gate = threading.Event()
    got: list[Any] = []

    def ask() -> None:
        with models.open(A, CPU) as net:
            got.append(net)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    opener.gate.set()
    for thread in threads:
        thread.join()

    assert len(got) == 4
    assert len({id(net) for net in got}) == opener.opened["a"] == 1


def test_a_model_that_is_there_does_not_wait_for_one_that_loads(make: Make, opener: CountingOpener) -> None:
    models = make()
    use(models, A)
    opener.gate = threading.Event()
    thread = threading.Thread(target=use, args=(models, B))
    thread.start()
    assert opener.entered.wait(30)

    use(models, A)
    opener.gate.set()
    thread.join()

    assert opener.opened == {"a": 1, "b": 1}


def test_many_threads_within_a_small_budget_leave_nothing_inconsistent(make: Make, opener: CountingOpener) -> None:
    models = make(ram_bytes=200)
    failed: list[BaseException] = []

    def ask(first: int) -> None:
        try:
            for turn in range(30):
                with models.open((A, B, C)[(first + turn) % 3], CPU) as net:
                    assert not net.closed
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=ask, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    models.close()

    assert not failed
    assert opener.opened == opener.closed


# -- what goes wrong ---------------------------------------------------------------------------------


def test_a_failing_open_says_so_and_poisons_nothing(make: Make, opener: CountingOpener) -> None:
    models = make()
    opener.faults = [KeyError("unet.weight")]

    with pytest.raises(ModelError, match=r"E606.*builtin:a.*KeyError.*unet\.weight"):
        use(models, A)
    use(models, A)

    assert opener.opened["a"] == 1


def test_parts_of_a_model_that_did_not_open_are_closed(make: Make, opener: CountingOpener, tmp_path: Path) -> None:
    path = write_pipeline(tmp_path / "first", unet=1, vae=5, text_encoder=6)
    models = make()
    opener.faults = [None, None, ValueError("no")]

    with pytest.raises(ModelError, match="E606"):
        use(models, Model(f"file:{path}"))

    assert opener.closed == {"vae": 1, "text_encoder": 1}
    assert models.residents() == []


def test_what_the_opener_says_on_purpose_is_left_as_it_is(make: Make, opener: CountingOpener) -> None:
    opener.faults = [ModelError("E603", "an odd VAE", hint="take another")]

    with pytest.raises(ModelError, match="an odd VAE"):
        use(make(), A)


def test_weights_that_nobody_can_open_are_told(make: Make, tmp_path: Path) -> None:
    (tmp_path / "net.xyz").write_bytes(b"x" * 100)

    with pytest.raises(ModelError, match="E603"):
        use(make(), Model(f"file:{tmp_path / 'net.xyz'}"))


class BlindOpener(CountingOpener):
    """An opener that cannot even look."""

    def can_open(self, path: Path, model: Model) -> bool:
        """Raise."""
        raise LookupError("cannot see")


def test_an_opener_that_raises_when_it_is_asked_is_named_once_and_the_others_are_asked(
    make: Make, opener: CountingOpener
) -> None:
    models = make()
    models._openers = [BlindOpener(), opener]

    with pytest.warns(
        RuntimeWarning, match=r"can_open of BlindOpener \(.*test_models\) raised LookupError: cannot see"
    ):
        use(models, A)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        use(models, Model("builtin:b"))

    assert models.loads == 2


def test_weights_that_only_a_broken_opener_may_know_are_an_error_that_names_it(make: Make) -> None:
    models = make()
    models._openers = [BlindOpener()]

    with pytest.warns(RuntimeWarning), pytest.raises(ModelError, match=r"E603 .*can_open of BlindOpener") as caught:
        use(models, A)

    assert "LookupError: cannot see" in caught.value.message


def test_models_that_load_options_name_come_as_paths(make: Make, opener: CountingOpener, tmp_path: Path) -> None:
    use(make(), Model("builtin:a", (("base", "builtin:b"), ("half", True))))

    assert opener.options == [{"base": f"file:{tmp_path / 'b.safetensors'}", "half": True}]


def test_libraries_are_kept_offline_while_a_model_opens(make: Make, opener: CountingOpener) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    before, seen = constants.HF_HUB_OFFLINE, []
    opener.measure = lambda opened: 1  # type: ignore[method-assign]  # a fake
    opener.open = lambda *args, **more: seen.append(constants.HF_HUB_OFFLINE)  # type: ignore[method-assign,func-returns-value]

    use(make(), A)
    use(make(download=True), A)

    assert seen == [True, before]
    assert before == constants.HF_HUB_OFFLINE
