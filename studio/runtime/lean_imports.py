"""Imports torch, diffusers and transformers without the parts of them and of other libraries that a run seldom needs.

Most of the time to a first image went into imports: a compiler that nothing compiles with, the statistics of scipy
for one noise schedule, LoRAs without a LoRA, every architecture of diffusers for one. A finder in front of Python's
own changes how some modules of these libraries are executed, never what they are: what they import and do not use
yet stands aside (`stand_ins`) and is loaded when it is used.

A module that a future version moves or renames is imported as it always was, and so is one whose functions it renames.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import gc
import importlib
import importlib.metadata
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any

from studio.runtime.compiler_marks import COMPILER, find_marks, hand_over_marks, mark_uncompiled
from studio.runtime.stand_ins import (
    StandInPath,
    create_class,
    create_function,
    create_shortcut,
    is_loaded,
    keep_stand_in,
    put_stand_ins,
)

_Change = Callable[[ModuleType], AbstractContextManager[None]]
_LIBRARIES = ("diffusers", "transformers")
_installing = threading.Lock()


def install_lean_imports() -> None:
    """Let this process import these libraries lean; once is enough."""
    with _installing:
        if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
            sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds modules of the libraries as Python does, and changes how they are executed."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if isinstance(path, StandInPath):
            path = path.module.load().__path__
            if name in sys.modules:
                return ModuleSpec(name, _Loaded())
        elif name not in _CHANGES and name.partition(".")[0] not in _LIBRARIES:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader.exec_module = functools.partial(  # type: ignore[method-assign]
                _execute, spec.loader.exec_module, find_changes(name)
            )
        return spec


class _Loaded(Loader):
    """Loads a module that is loaded."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return sys.modules[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        pass


def _execute(execute: Callable[[ModuleType], None], changes: Sequence[_Change], module: ModuleType) -> None:
    with ExitStack() as stack:
        for change in changes:
            stack.enter_context(change(module))
        if not getattr(module, "__lean__", False):
            execute(module)


def find_changes(name: str) -> list[_Change]:
    """Return what is changed about the execution of a module."""
    found: list[_Change] = [_pause_collector]
    package = name.rpartition(".")[0]
    if name.partition(".")[0] in _LIBRARIES:
        found.append(_stand_in(_EVERYWHERE))
    return [*found, *_CHANGES.get(name, ()), *_CHANGES.get(f"{package}.*", ())]


# -- the collector -----------------------------------------------------------------------------------------


class _Pauses:
    """Counts the modules that are being executed: meanwhile Python looks for no garbage."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0
        self.was_enabled = False

    def begin(self) -> None:
        with self.lock:
            self.count += 1
            if self.count == 1:
                self.was_enabled = gc.isenabled()
                gc.disable()

    def end(self) -> None:
        with self.lock:
            self.count -= 1
            if self.count == 0 and self.was_enabled:
                gc.enable()


_pauses = _Pauses()


@contextmanager
def _pause_collector(module: ModuleType) -> Iterator[None]:
    """Do not look for garbage among the hundred thousands of objects that an import makes and keeps."""
    _pauses.begin()
    try:
        yield
    finally:
        _pauses.end()


# -- modules that stand aside ------------------------------------------------------------------------------


def _stand_in(modules: Mapping[str, Callable[[], Mapping[str, Any]]]) -> _Change:
    return lambda module: put_stand_ins({name: create() for name, create in modules.items()})


def _list_functions(module: str, *names: str) -> Callable[[], Mapping[str, Any]]:
    return lambda: {name: create_function(module, name) for name in names}


def _list_classes(module: str, *names: str) -> Callable[[], Mapping[str, Any]]:
    return lambda: {name: create_class(module, name) for name in names}


_EVERYWHERE = {COMPILER: find_marks, "requests": _list_functions("requests")}
_STATISTICS = {"scipy.stats": _list_functions("scipy.stats"), "scipy.integrate": _list_functions("scipy.integrate")}
_MATCHING = {"scipy.optimize": _list_functions("scipy.optimize", "linear_sum_assignment")}
_TUNERS = {
    "peft.helpers": _list_functions("peft.helpers", "disable_input_dtype_casting"),
    "peft.tuners.tuners_utils": _list_classes("peft.tuners.tuners_utils", "BaseTunerLayer"),
}
_MASKS = {f"{COMPILER}._trace_wrapped_higher_order_op": _list_functions(
    f"{COMPILER}._trace_wrapped_higher_order_op", "TransformGetItemToIndex"
)}  # fmt: skip
_CLOUD = {"boto3": _list_functions("boto3")}
_EXPORT = {"torch.export": _list_functions("torch.export")}
_SYMBOLS = "torch.fx.experimental.symbolic_shapes"
_CHECKS = (
    "expect_true",
    "guard_bool",
    "guard_or_false",
    "guard_or_true",
    "guard_size_oblivious",
    "statically_known_true",
)


# -- functions that would load a library to learn that it is not used --------------------------------------


@contextmanager
def _ask_loaded_compiler(module: Any) -> Iterator[None]:
    """`diffusers.utils.torch_utils`: nothing is compiled while there is no compiler."""
    yield
    with contextlib.suppress(AttributeError):
        real = module.is_compiled_module
        module.is_compiled_module = lambda each: is_loaded(COMPILER) and real(each)


@contextmanager
def _disable_later(module: Any) -> Iterator[None]:
    """`torch._compile`: what it keeps out of compiled code loads the compiler at its first call."""
    yield
    module._disable_dynamo = functools.partial(mark_uncompiled, wrapping=False)


@contextmanager
def _check_without_symbols(module: ModuleType) -> Iterator[None]:
    """`torch`: operations on the meta device ask whether plain bools and sizes hold, which would load all of sympy."""
    yield
    shortcuts: dict[str, Callable[..., Any]] = {
        **dict.fromkeys(_CHECKS, find_truth),
        "sym_eq": compare_sizes,
        "is_nested_int": find_nested_int,
    }
    with contextlib.suppress(KeyError):  # a package that this version does not have
        keep_stand_in(_SYMBOLS, {name: create_shortcut(_SYMBOLS, name, short) for name, short in shortcuts.items()})


def find_truth(condition: Any, *_: Any, **__: Any) -> bool | None:
    """Return a condition that is no symbol."""
    return condition if type(condition) is bool else None


def find_nested_int(size: Any) -> bool | None:
    """Say that a plain number is not the size of a nested tensor."""
    return False if type(size) is int else None


def compare_sizes(left: Any, right: Any) -> bool | None:
    """Say whether two sizes without symbols are equal."""
    plain = isinstance(left, tuple) and isinstance(right, tuple) and {*map(type, left + right)} <= {int}
    return left == right if plain else None


@contextmanager
def _fill_real_tensors(module: Any) -> Iterator[None]:
    """`torch.nn.init`: a tensor on the meta device has no numbers; drawing them would load all of sympy."""
    yield
    for name in ("_no_grad_normal_", "_no_grad_uniform_", "_no_grad_trunc_normal_"):
        with contextlib.suppress(AttributeError):
            setattr(module, name, _skip_meta(getattr(module, name)))


def _skip_meta(fill: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(fill)
    def call(tensor: Any, *args: Any, **kwargs: Any) -> Any:
        return tensor if tensor.is_meta else fill(tensor, *args, **kwargs)

    return call


@contextmanager
def _ask_loaded_wrappers(module: Any) -> Iterator[None]:
    """`diffusers.pipelines.pipeline_loading_utils`: nothing is wrapped while there is neither compiler nor peft."""
    yield
    with contextlib.suppress(AttributeError):
        real = module._unwrap_model
        module._unwrap_model = lambda model: real(model) if is_loaded(COMPILER) or is_loaded("peft") else model


@contextmanager
def _ask_loaded_tuners(module: Any) -> Iterator[None]:
    """`diffusers.utils.peft_utils`: no layer is scaled while there is no peft to make one."""
    yield
    for name in ("scale_lora_layers", "unscale_lora_layers"):
        with contextlib.suppress(AttributeError):
            setattr(module, name, _call_if_loaded("peft", getattr(module, name)))


def _call_if_loaded(library: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs) if is_loaded(library) else None

    return call


@contextmanager
def _run_alone(module: Any) -> Iterator[None]:
    """`transformers.utils.import_utils`: a run is one process, never one of several ranks."""
    yield
    module.is_torch_distributed_available = lambda: False
    with contextlib.suppress(AttributeError):
        scan = module.create_import_structure_from_path  # it looks through the same folders twice, past its own cache
        module.create_import_structure_from_path = functools.cache(scan.__wrapped__)
    with contextlib.suppress(AttributeError):
        read = module.fetch__all__  # it looks at each line of each module
        module.fetch__all__ = lambda source: read(source[max(0, source.rfind("\n__all__") + 1) :])


@contextmanager
def _list_packages_late(module: ModuleType) -> Iterator[None]:
    """`diffusers.utils.import_utils`: reads the records of all that is installed, for three optional packages."""
    real = importlib.metadata.packages_distributions
    importlib.metadata.packages_distributions = lambda: _Packages(real)
    try:
        yield
    finally:
        importlib.metadata.packages_distributions = real


class _Packages(Mapping[str, list[str]]):
    """Distributions by package, read when they are asked for."""

    def __init__(self, read: Callable[[], Mapping[str, list[str]]]) -> None:
        self._read = functools.cache(read)

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, package: str) -> list[str]:
        return self._read()[package]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())


@contextmanager
def _find_parts_late(module: Any) -> Iterator[None]:
    """`torch.distributed`: peft and others use its modules as attributes because someone else has imported them."""
    yield
    own = getattr(module, "__getattr__", None)

    def find(name: str) -> Any:
        if name in ("checkpoint", "fsdp", "tensor"):
            return importlib.import_module(f"{module.__name__}.{name}")
        if own is not None:
            return own(name)
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

    module.__getattr__ = find


# -- packages that import all of their modules -------------------------------------------------------------


@contextmanager
def _import_on_use(module: Any) -> Iterator[None]:
    """A package of diffusers whose `__init__.py` imports a class from each of its modules: one by one, when asked."""
    homes = find_homes(module.__spec__.loader.get_source(module.__name__))

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{module.__name__}.{homes[name]}"), name)
        setattr(module, name, value)
        return value

    if homes:
        module.__lean__ = True
        module.__getattr__ = find
        module.__dir__ = lambda: sorted({*vars(module), *homes})
    yield


def find_homes(source: str) -> dict[str, str]:
    """Return in which module of a package its names are, by name; nothing if its code does more than import them."""
    homes: dict[str, str] = {}
    for statement in ast.parse(source).body:
        inner = statement.body if _is_guard(statement) else [statement]  # type: ignore[attr-defined]
        for each in inner:
            if not isinstance(each, ast.ImportFrom) or not each.module or each.level not in (1, 3):
                return {}
            if each.level == 1:
                homes.update({alias.asname or alias.name: each.module for alias in each.names})
    return {} if "*" in homes else homes


def _is_guard(statement: ast.stmt) -> bool:
    """Say whether a statement is `if is_torch_available():` and no more."""
    return (
        isinstance(statement, ast.If) and not statement.orelse and ast.unparse(statement.test) == "is_torch_available()"
    )


_CHANGES: Mapping[str, Sequence[_Change]] = {
    COMPILER: [hand_over_marks],
    "accelerate.commands.config.sagemaker": [_stand_in(_CLOUD)],
    "diffusers.hooks.layerwise_casting": [_stand_in(_TUNERS)],
    "diffusers.loaders.lora_base": [_stand_in(_TUNERS)],
    "diffusers.models.autoencoders": [_import_on_use],
    "diffusers.models.controlnets": [_import_on_use],
    "diffusers.models.transformers": [_import_on_use],
    "diffusers.models.unets": [_import_on_use],
    "diffusers.schedulers.*": [_stand_in(_STATISTICS)],
    "diffusers.pipelines.pipeline_loading_utils": [_ask_loaded_wrappers],
    "diffusers.utils.import_utils": [_list_packages_late],
    "diffusers.utils.peft_utils": [_ask_loaded_tuners],
    "diffusers.utils.torch_utils": [_ask_loaded_compiler],
    "torch": [_stand_in(_EXPORT), _check_without_symbols],
    "torch._compile": [_disable_later],
    "torch.distributed": [_find_parts_late],
    "torch.nn.init": [_fill_real_tensors],
    "transformers.loss.*": [_stand_in(_MATCHING)],
    "transformers.masking_utils": [_stand_in(_MASKS)],
    "transformers.utils.import_utils": [_run_alone],
}
