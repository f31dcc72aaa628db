"""Names of a batch's files."""

from __future__ import annotations

import os
from typing import Any

import pytest

from studio.api import TypeSpec
from studio.api.builtin import create_builtin_value_types
from studio.batch.item import Item
from studio.batch.names import NameTemplate, clean_name
from studio.errors import UsageError

VALUE_TYPES = {each.name: each for each in create_builtin_value_types()}
IMAGE = TypeSpec("image")


def fill(template: str, name: str = "mug", **values: Any) -> str:
    made = NameTemplate(template, tuple(values), {"picture": IMAGE}, "shop")
    return made.fill(Item(3, name, values, "items.csv:5"), values)


def test_a_template_takes_the_item_its_values_and_the_output() -> None:
    filled = fill("{item.name}_{seed:04d}_{color}_{output}.{ext}", seed=7, color="red")

    assert filled == "mug_0007_red_{output}.{ext}"
    assert fill("{graph}/{item.index}-{input.seed}.{ext}", seed=7) == "shop/3-7.{ext}"


def test_a_template_without_an_extension_gets_that_of_the_output() -> None:
    assert fill("{seed}_small", seed=7) == "7_small.{ext}"
    assert fill("{item.name}.v2") == "mug.v2"
    assert fill("{item.name}_small", name="mug 1.5") == "mug 1.5_small.{ext}"
    assert fill("{item.name}", name="mug.old") == "mug.old.{ext}"
    assert fill("{item.name}.{ext}", name="mug.old") == "mug.old.{ext}"


def test_braces_in_a_value_are_no_fields() -> None:
    assert fill("{item.name}.{ext}", name="{output}{0}").format(output="x", ext="png") == "{output}{0}.png"


def test_relative_paths_are_kept_and_unfit_letters_replaced() -> None:
    assert clean_name("shoes/red: 1?") == "shoes/red_ 1_"
    assert fill("{item.name}_{text}.{ext}", text="a/b\\c\n") == "mug_a_b_c_.{ext}"


def test_an_emoji_is_kept_and_a_long_name_is_cut_apart_from_others() -> None:
    long, longer = clean_name("x" * 300), clean_name("x" * 301)

    try:
        kept = os.fsdecode(os.fsencode("🦊 fox"))
    except UnicodeEncodeError:  # names of files cannot hold it here
        kept = "%F0%9F%A6%8A fox"
    assert clean_name("🦊 fox") == kept
    assert len(long.encode()) <= 150
    assert long != longer
    assert len(clean_name("🦊" * 300).encode()) <= 150


@pytest.mark.parametrize("name", ["../up", "/etc/passwd", "a/../../b"])
def test_a_name_that_leaves_the_folder_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="outside the folder") as error:
        clean_name(name)
    assert error.value.code == "E743"


@pytest.mark.parametrize(
    "template",
    [
        "{item.__class__}.{ext}",
        "{nothing}.{ext}",
        "../{item.name}.{ext}",
        "/tmp/{item.name}.{ext}",
        "{item.name!r}",
        "{item.name:>9999999999}",
        "{",
    ],
)
def test_a_template_that_is_none_is_refused(template: str) -> None:
    with pytest.raises(UsageError) as error:
        NameTemplate(template, ("seed",), {"picture": IMAGE}, "g")
    assert error.value.code == "E743"


def test_several_outputs_need_a_name_each() -> None:
    with pytest.raises(UsageError, match="all outputs have one name"):
        NameTemplate("{item.name}.{ext}", (), {"picture": IMAGE, "mask": IMAGE}, "g")

    assert NameTemplate("", (), {"picture": IMAGE, "mask": IMAGE}, "g").template == "{item.name}_{output}.{ext}"


def test_a_width_takes_whole_numbers_only() -> None:
    with pytest.raises(UsageError, match="whole number"):
        fill("{color:04d}.{ext}", color="red")


def check(template: str, name: str = "mug", spec: TypeSpec = IMAGE, *, saves: bool = False) -> None:
    made = NameTemplate(template, (), {"picture": spec}, "shop", VALUE_TYPES)
    made.check(Item(0, name, {}, "items.csv:2"), {}, saves=saves)


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("gallery_files/{item.name}.{ext}", "mug"),
        ("{item.name}/{output}.{ext}", "gallery_files"),
        ("{item.name}/{output}.{ext}", "Contact_Sheets"),
        ("{item.name}/a.{ext}", "gallery.html"),
        (".studio/{item.name}.{ext}", "mug"),
        ("a/.studio/{item.name}.{ext}", "mug"),
        (".{item.name}-partial.{ext}", "mug"),
    ],
)
def test_files_of_items_are_none_of_those_that_studio_itself_writes(template: str, name: str) -> None:
    with pytest.raises(UsageError) as error:
        check(template, name)
    assert error.value.code == "E743"


def test_an_item_named_like_the_gallery_may_not_have_a_page_of_that_name() -> None:
    with pytest.raises(UsageError, match=r"reserved for a file of Studio's own"):
        check("{item.name}.html", "gallery", TypeSpec("text"))
    check("{item.name}.txt", "gallery", TypeSpec("text"))
    check("", "gallery")


def test_an_item_whose_nodes_save_files_may_not_have_the_name_of_a_folder_of_studio() -> None:
    check("", "gallery_files")
    with pytest.raises(UsageError, match="gallery_files"):
        check("", "gallery_files", saves=True)


def test_an_extension_that_the_output_cannot_be_written_to_is_found_before_the_run() -> None:
    with pytest.raises(UsageError, match=r"unsupported image file extension '.xyz' of output 'picture'"):
        check("{item.name}.xyz")
    check("{item.name}.xyz", spec=TypeSpec("text"))
    check("{item.name}.JPG")
