"""`@node`: the signature is the declaration, and every mistake in it is told at once, with file and line."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, TypeVar

import pytest

from studio.api import (
    SRGB,
    Batch,
    Channels,
    ColorSpace,
    Context,
    Field,
    Image,
    JsonValue,
    Lazy,
    Mask,
    Migration,
    Model,
    Resources,
    Unkeyed,
    get_node_type,
    node,
)
from studio.errors import NodeTypeError
from studio.testing import TestContext

if TYPE_CHECKING:
    from decimal import Decimal

T = TypeVar("T")


def declare(function: Callable[..., Any], id: str = "test.do", **options: Any) -> str:
    """Declare a function that is wrong; return what is told."""
    with pytest.raises(NodeTypeError) as caught:
        node(id, **options)(function)
    assert caught.value.code == "E201"
    assert caught.value.where == f"{function.__code__.co_filename}:{function.__code__.co_firstlineno}"
    return caught.value.message


def fine(ctx: Context, text: str) -> str:
    """Return a text.

    Args:
        text: Text.
    """
    return text


# -- what is read ----------------------------------------------------------------------------------


class Pair(NamedTuple):
    """A picture and a mask.

    Attributes:
        picture: The picture.
        mask: The mask.
    """

    picture: Annotated[Image, Channels(3)]
    mask: Mask


@node("test.everything", version="2.1", code=3, lane="device", cache="recompute")
def take_everything(
    ctx: Context, image: Image, text: str, items: list[T], *, count: Annotated[int, Field(ge=1, le=8)] = 2,
    share: float = 1, kind: Literal["a", "b"] = "a", flag: bool = False, either: int | float = 0.5,
    data: JsonValue = None, mask: Mask | None = None, model: Model = Model("builtin:x"),  # noqa: B008  (frozen)
    threads: Annotated[int, Unkeyed] = 1,
) -> Pair:  # fmt: skip
    """Take one of everything.

    More about it.

    Args:
        image: A picture.
        text: A text
            on two lines.
        items: A list.
        count: How many.
    """
    return Pair(image, Mask(image.pixels[:, :, 0]))


def test_the_signature_is_the_declaration() -> None:
    declared = get_node_type(take_everything)

    assert {name: str(end.spec) for name, end in declared.inputs.items()} == {
        "image": "image", "text": "text", "items": "list[any]", "count": "int", "share": "float", "kind": "'a' | 'b'",
        "flag": "bool", "either": "number", "data": "json", "mask": "mask or null", "model": "model", "threads": "int",
    }  # fmt: skip
    assert [name for name, end in declared.inputs.items() if end.required] == ["image", "text", "items"]
    assert {name: str(end.spec) for name, end in declared.outputs.items()} == {
        "picture": "image with 3 channels", "mask": "mask",
    }  # fmt: skip
    assert (declared.plugin, declared.major, declared.code) == ("test", 2, 3)


def test_the_docstring_is_the_documentation() -> None:
    declared = get_node_type(take_everything)

    assert (declared.summary, declared.description) == ("Take one of everything.", "More about it.")
    assert declared.inputs["text"].description == "A text on two lines."
    assert declared.outputs["mask"].description == "The mask."


def test_defaults_have_the_declared_type() -> None:
    assert type(get_node_type(take_everything).inputs["share"].default) is float


def test_marks_are_read() -> None:
    assert get_node_type(take_everything).inputs["threads"].unkeyed


def test_only_lane_device_depends_on_the_device() -> None:
    assert not get_node_type(take_everything).device_free
    assert get_node_type(node("test.do")(fine)).device_free
    assert get_node_type(node("test.do", lane="device", device_free=True)(fine)).device_free


def test_the_function_stays_a_plain_function() -> None:
    assert node("test.do")(fine) is fine
    assert fine(TestContext(), "x") == "x"


@pytest.mark.parametrize(("annotation", "name"), [
    (int, "int"), (list[int], "ints"), (Image, "image"), (list[Image], "images"), (Any, "value"), (list[T], "values"),
])  # fmt: skip
def test_a_single_output_is_named_after_its_type(annotation: Any, name: str) -> None:
    def give(ctx: Context) -> Any:
        """Give."""

    give.__annotations__["return"] = annotation

    assert list(get_node_type(node("test.do")(give)).outputs) == [name]


# -- what is wrong ---------------------------------------------------------------------------------


def test_all_mistakes_are_reported_at_once() -> None:
    def wrong(context, text, number: complex, *rest: int, count: int = "three", **more: str) -> set:  # type: ignore[no-untyped-def,type-arg,assignment]
        pass

    told = declare(wrong, "Not an id", version="new", code=0, cache="maybe", lane="gpu")

    for part in (
        "id 'Not an id'", "version 'new'", "code 0", "cache 'maybe'", "lane 'gpu'", "no docstring",
        "first parameter must be ctx", "'text' has no annotation", "complex is not the type", "*rest: 'int' is not",
        "**more: 'str' is not", "'count': its default does not fit: expected a whole number, found 'three'",
        "the output: set",
    ):  # fmt: skip
        assert part in told


@pytest.mark.parametrize("id", ["blur", "image.", "Image.blur", "image.blur.more", "image.2x", "a b.c", 7, None])
def test_ids_have_the_form_of_plugin_and_verb(id: Any) -> None:
    assert "is not of the form plugin.name in lower case" in declare(fine, id)


@pytest.mark.parametrize("version", ["", "v1", "1.0.0.0", "1.", 1, None])
def test_versions_are_numbers_with_dots(version: Any) -> None:
    assert f"version {version!r}" in declare(fine, version=version)


@pytest.mark.parametrize("code", [0, -1, True, "1", 1.0, None])
def test_code_is_a_whole_number_from_1(code: Any) -> None:
    assert f"code {code!r}" in declare(fine, code=code)


def test_a_type_that_is_imported_for_type_checkers_only_is_reported() -> None:
    def wrong(ctx: Context, number: Decimal) -> int:
        """Do."""
        return 1

    assert "TYPE_CHECKING" in declare(wrong)
    assert "Decimal" in declare(wrong)


def test_the_docstring_must_not_describe_missing_inputs() -> None:
    def wrong(ctx: Context, text: str) -> str:
        """Do.

        Args:
            text: Text.
            txet: A leftover.
        """
        return text

    assert "describes 'txet', which is not an input" in declare(wrong)


def test_the_docstring_may_describe_ctx() -> None:
    def right(ctx: Context) -> int:
        """Do.

        Args:
            ctx: The context.
        """
        return 1

    node("test.do")(right)


WRONG_TYPES: list[tuple[Any, str]] = [
    (list[int | None], "entries of a list cannot be None"),
    (int | str, "of unions, only"),
    (Literal[True], "choices are text or"),
    (Annotated[int, Channels(3)], "is for images"),
    (list, "list is not the type"),
    (Sequence, "Sequence is not the type"),
    (dict[str, int], "is not the type"),
    (tuple[int, int], "is not the type"),
    ([int], "is not the type"),
    (Annotated[str, Field(ge=1)], "are for numbers"),
    (Annotated[int, Field(max_length=1)], "are for text and lists"),
    (Annotated[int, Field(ge=3, le=2)], "no number is from 3 to 2"),
    (Annotated[str, Field(pattern="(")], "not a regular expression"),
    (Annotated[int, Field(pattern="1")], "is for text"),
    (list[Annotated[str, Field(max_length=3)]], "only that of the list"),
]


@pytest.mark.parametrize(("annotation", "told"), WRONG_TYPES)
def test_annotations_that_are_no_types_of_values(annotation: Any, told: str) -> None:
    def wrong(ctx: Context, value: Any) -> int:
        """Do."""
        return 1

    wrong.__annotations__["value"] = annotation

    message = declare(wrong)

    assert "input 'value': " in message
    assert told in message


WRONG_DEFAULTS: list[tuple[Any, Any, str]] = [
    (int, None, "its type is not optional"),
    (int, True, "a whole number"),
    (float, "1", "a number"),
    (float, float("nan"), "a finite number"),
    (Literal["a"], "b", "one of 'a'"),
    (Annotated[int, Field(ge=1)], 0, ">= 1"),
    (Annotated[list[str], Field(min_length=1)], [], "at least 1 entries"),
    (Image, 3, "image"),
]


@pytest.mark.parametrize(("annotation", "default", "told"), WRONG_DEFAULTS)
def test_defaults_that_do_not_fit(annotation: Any, default: Any, told: str) -> None:
    def wrong(ctx: Context, value: Any = default) -> int:
        """Do."""
        return 1

    wrong.__annotations__["value"] = annotation

    assert "input 'value'" in declare(wrong)
    assert told in declare(wrong)


def test_a_return_annotation_is_needed() -> None:
    def wrong(ctx: Context):  # type: ignore[no-untyped-def]
        """Do."""

    assert "no return annotation" in declare(wrong)


@pytest.mark.parametrize("annotation", [int, list[int], Iterator])
def test_a_generator_is_annotated_as_one(annotation: Any) -> None:
    def wrong(ctx: Context) -> Any:
        """Do."""
        yield 1

    wrong.__annotations__["return"] = annotation

    assert "annotated Iterator[T]" in declare(wrong)


def test_an_async_function_is_a_node_type() -> None:
    @node("my.wait")
    async def good(ctx: Context, a: int) -> int:
        """Do."""
        return a

    @node("my.plain")
    def plain(ctx: Context, a: int) -> int:
        """Do."""
        return a

    assert get_node_type(good).asynchronous
    assert not get_node_type(plain).asynchronous


def test_an_async_generator_streams() -> None:
    @node("my.stream")
    async def good(ctx: Context) -> AsyncIterator[int]:
        """Do."""
        yield 1

    declared = get_node_type(good)

    assert (declared.streams, declared.asynchronous, str(declared.outputs["ints"].spec)) == (True, True, "list[int]")


def test_an_async_generator_is_annotated_as_one() -> None:
    async def wrong(ctx: Context) -> Iterator[int]:
        """Do."""
        yield 1

    assert "annotated AsyncIterator[T]" in declare(wrong)


@pytest.mark.parametrize("options", [{"lane": "device"}, {"batch": Batch(lambda ctx, calls: [])}])
def test_an_async_function_is_neither_for_the_device_nor_for_stacks(options: Any) -> None:
    async def wrong(ctx: Context) -> int:
        """Do."""
        return 1

    assert "takes a plain function" in declare(wrong, **options)


def test_outputs_of_a_named_tuple_are_checked_each() -> None:
    def wrong(ctx: Context) -> Any:
        """Do."""

    wrong.__annotations__["return"] = NamedTuple("Out", [("good", int), ("bad", complex)])  # type: ignore[misc]

    assert "output 'bad': complex" in declare(wrong)


def test_lazy_inputs_and_needs_go_together() -> None:
    def lazy(ctx: Context, *, a: Annotated[str | None, Lazy] = None) -> str:
        """Do."""
        return a or ""

    assert "lazy inputs and needs= go together" in declare(lazy)
    assert "lazy inputs and needs= go together" in declare(fine, needs=lambda **_: ())
    assert get_node_type(node("test.do", needs=lambda: ("a",))(lazy)).inputs["a"].lazy


def test_lazy_inputs_are_optional() -> None:
    def wrong(ctx: Context, a: Annotated[str, Lazy], *, b: Annotated[str, Lazy] = "x") -> str:
        """Do."""
        return a

    told = declare(wrong, needs=lambda **_: ("a",))

    assert "lazy input 'a' must be optional" in told
    assert "lazy input 'b' must be optional" in told


def test_batch_names_inputs() -> None:
    assert "batch: 'size' is not an input" in declare(fine, batch=Batch(lambda ctx, calls: [], same=("size",)))
    assert "is not Batch" in declare(fine, batch=lambda ctx, calls: [])


def test_migrations_come_from_old_versions() -> None:
    told = declare(fine, version="2.0", migrations={2: dict, "1": dict, 1: "rename"})

    assert "migration 2 is not from an old major version" in told
    assert "migration '1' is not from an old major version" in told
    assert "migration 1 is not a function" in told
    node("test.do", version="2.0", migrations={1: dict})(fine)


def test_migrations_name_inputs_and_outputs_that_there_are() -> None:
    wrong = Migration(inputs={"n": "nothing"}, outputs={"result": "nowhere"})

    told = declare(fine, version="3.0", migrations={1: wrong, 2: wrong}, replaces={"test.old": wrong})

    for name in ("migration 2", "replaces 'test.old'"):
        assert f"{name}: 'nothing' is not an input" in told
        assert f"{name}: 'nowhere' is not an output" in told
    assert "migration 1" not in told  # version 2 may have had them


def test_two_outputs_do_not_become_one() -> None:
    told = declare(fine, version="2.0", migrations={1: Migration(outputs={"a": "text", "b": "text"})})

    assert "migration 1: two outputs become 'text'" in told


def test_a_migration_may_be_a_function_or_an_object() -> None:
    step = Migration(inputs={"words": "text"})

    declared = get_node_type(node("test.do", version="3.0", migrations={1: dict, 2: step})(fine))

    assert declared.migrations == {1: Migration(change=dict), 2: step}


@pytest.mark.parametrize(
    ("replaces", "words"),
    [
        ("Old", "replaces: 'Old' is not of the form plugin.name in lower case"),
        (["test.do"], "replaces: 'test.do' is its own id"),
        ([1], "replaces: 1 is not of the form"),
        ({"test.old": 5}, "replaces 'test.old' is not a function and not a Migration"),
        (5, "replaces 5 is not an id"),
    ],
)
def test_mistakes_in_old_ids_are_told(replaces: Any, words: str) -> None:
    assert words in declare(fine, replaces=replaces)


def test_old_ids_are_given_singly_in_a_row_or_with_migrations() -> None:
    step = Migration()

    found = [
        get_node_type(node("test.do", replaces=replaces)(fine)).replaces
        for replaces in ("test.a", ("test.a", "test.b"), {"test.a": step})
    ]

    assert found == [{"test.a": None}, {"test.a": None, "test.b": None}, {"test.a": step}]


def test_a_node_type_may_be_deprecated_or_experimental() -> None:
    declared = get_node_type(node("test.do", deprecated="use test.other", experimental=True)(fine))

    assert (declared.deprecated, declared.experimental) == ("use test.other", True)
    assert get_node_type(node("test.do", deprecated=True)(fine)).deprecated
    assert "deprecated 5 is not a text" in declare(fine, deprecated=5)
    assert "experimental 'yes' is not True or False" in declare(fine, experimental="yes")


@pytest.mark.parametrize("isolate", [True, False, "process"])
def test_isolate_is_reserved(isolate: object) -> None:
    with pytest.raises(NodeTypeError, match="isolate is reserved") as caught:
        node("test.do", isolate=isolate)(fine)
    assert caught.value.code == "E207"
    assert caught.value.hint == "remove it: node types run in threads of Studio's process"  # as docs/errors.md says
    assert Path(caught.value.where.rpartition(":")[0]).name == "test_node_declaration.py"


def test_resources_are_one_core_and_no_known_memory_unless_declared() -> None:
    declared = get_node_type(node("test.do")(fine))

    assert declared.resources == Resources(device_bytes=None, cores=1)


def test_resources_are_kept_as_declared() -> None:
    declared = get_node_type(node("test.do", resources=Resources(2**30, 4))(fine))

    assert (declared.resources.device_bytes, declared.resources.cores) == (2**30, 4)


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        (Resources(device_bytes=-1), "device_bytes -1 is not a whole number from 0"),
        (Resources(device_bytes=1.5), "device_bytes 1.5 is not"),  # type: ignore[arg-type]
        (Resources(cores=0), "cores 0 is not a whole number from 1"),
        (Resources(cores=True), "cores True is not"),
        ({"cores": 2}, "resources must be Resources(...), not a mapping with 1 key"),
    ],
)
def test_resources_that_cannot_be_are_refused(resources: Any, expected: str) -> None:
    assert expected in declare(fine, resources=resources)


def test_a_node_type_takes_srgb_alone_unless_it_declares_more() -> None:
    declared = get_node_type(node("test.do")(fine))

    assert declared.takes_color(SRGB)
    assert not declared.takes_color(ColorSpace("linear"))
    assert not declared.takes_color(ColorSpace("srgb", "display-p3"))


def test_an_encoding_that_is_declared_is_taken_with_all_primaries_and_ranges() -> None:
    declared = get_node_type(node("test.do", encodings=("linear", "srgb"))(fine))

    for color in (SRGB, ColorSpace("linear", "acescg"), ColorSpace("srgb", "display-p3", "limited")):
        assert declared.takes_color(color)
    assert not declared.takes_color(ColorSpace("log"))


@pytest.mark.parametrize(
    ("encodings", "expected"),
    [
        (("gamma",), "unknown encoding 'gamma' (expected one of srgb, linear, log, pq, hlg)"),
        ("linear", "encodings 'linear' is not a collection"),
        (7, "encodings 7 is not a collection"),
    ],
)
def test_encodings_that_are_unknown_are_refused(encodings: Any, expected: str) -> None:
    assert expected in declare(fine, encodings=encodings)


@pytest.mark.parametrize("example", ["examples/test.do.json", {"seed": {1}}, {"sizes": (1, 2)}, {1: "one"}])
def test_an_example_that_json_cannot_hold_is_refused(example: Any) -> None:
    assert "is not a dict that JSON can hold" in declare(fine, example=example)


def test_declaring_loads_neither_numpy_nor_torch() -> None:
    import subprocess

    code = "import sys, studio.api; print([m for m in ('numpy', 'torch', 'PIL', 'av', 'cv2') if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
