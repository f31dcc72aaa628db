"""The table of architectures, against the classes that diffusers has."""

from __future__ import annotations

import pytest

from studio_diffusion.families import (
    CONTROL,
    DECODERS,
    FAMILIES,
    INPAINT,
    OTHER,
    PARTS,
    TASKS,
    find_family,
    get_family,
    refuse_parts,
)

pytestmark = pytest.mark.xdist_group("diffusers")


def test_every_class_of_the_table_is_one_of_diffusers() -> None:
    import diffusers

    names = [name for family in FAMILIES for name in (*family.pipelines.values(), *family.others, *family.controlnets)]
    names += [*DECODERS, *(combined for combined, _ in DECODERS.values())]

    assert [name for name in names if not hasattr(diffusers, name)] == []


def test_names_are_unique_and_tasks_are_known() -> None:
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
    assert {task for family in FAMILIES for task in family.pipelines} <= set(TASKS)
    assert {family.name for family in FAMILIES} >= PARTS


def test_a_family_that_draws_with_controlnets_names_them() -> None:
    for family in FAMILIES:
        assert bool(family.controlnets) == any(task.startswith(CONTROL) for task in family.pipelines)


def test_a_pipeline_is_found_by_its_class_and_an_unknown_one_is_other() -> None:
    assert find_family("StableDiffusionXLPipeline").name == "sdxl"
    assert find_family("StableDiffusionXLImg2ImgPipeline", refiner=True).name == "sdxl_refiner"
    assert find_family("StableDiffusionPipeline", refiner=True).name == "sd"
    assert find_family("SomethingElse") is OTHER
    assert get_family("other") is OTHER


def test_every_family_of_the_table_is_found_by_each_of_its_classes() -> None:
    shared = {"sdxl_refiner"}  # its classes are those of sdxl
    for family in FAMILIES:
        if family.name not in shared:
            assert {find_family(name).name for name in family.pipelines.values()} == {family.name}


def test_the_refusal_to_take_a_model_apart_names_its_architecture() -> None:
    error = refuse_parts(get_family("lumina2"))

    assert error.code == "E623"
    assert "Lumina 2" in error.message
    assert INPAINT not in get_family("lumina2").pipelines
