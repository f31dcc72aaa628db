"""Names of tensors, by which networks are recognized."""

from __future__ import annotations

import pytest

from studio_style.networks.layouts import find_vgg_keys, is_adain, is_vgg

SHAPES = {"0.weight": (64, 3, 3, 3), "0.bias": (64,), "2.weight": (64, 64, 3, 3), "2.bias": (64,)}


@pytest.mark.parametrize("prefix", ["", "features.", "module.features.", "vgg.", "model.features."])
def test_numbered_layers_are_found_under_every_prefix(prefix: str) -> None:
    shapes = {f"{prefix}{key}": shape for key, shape in SHAPES.items()}

    assert find_vgg_keys(shapes) == {key: f"{prefix}{key}" for key in SHAPES}
    assert is_vgg(shapes)


def test_layers_of_the_classifier_are_left_out() -> None:
    shapes = {f"features.{key}": shape for key, shape in SHAPES.items()} | {"classifier.0.weight": (4096, 25_088)}

    assert "classifier.0.weight" not in find_vgg_keys(shapes).values()


def test_layers_named_by_block_count_relus_and_poolings() -> None:
    # VGG-19 has 2, 2, 4, 4, 4 convolutions; a ReLU behind each and a pooling behind each block
    names = [
        f"conv{block}_{number}" for block, count in enumerate((2, 2, 4, 4, 4), 1) for number in range(1, count + 1)
    ]
    found = find_vgg_keys({f"{name}.weight": (1,) for name in names})

    assert len(found) == 16
    assert found["0.weight"] == "conv1_1.weight"
    assert found["5.weight"] == "conv2_1.weight"
    assert found["10.weight"] == "conv3_1.weight"
    assert found["34.weight"] == "conv5_4.weight"


@pytest.mark.parametrize(
    "shapes",
    [
        {},
        {"0.weight": (64, 3, 3, 3)},
        SHAPES | {"0.weight": (64, 1, 3, 3)},
        SHAPES | {"2.weight": (64, 32, 3, 3)},
        {"encoder.0.weight": (3, 3, 1, 1)},
    ],
)
def test_other_tensors_are_no_vgg(shapes: dict[str, tuple[int, ...]]) -> None:
    assert not is_vgg(shapes)


def test_an_encoder_with_its_decoder_is_adain() -> None:
    assert is_adain({"encoder.0.weight": (3, 3, 1, 1), "decoder.1.weight": (256, 512, 3, 3)})
    assert not is_adain({"encoder.0.weight": (3, 3, 1, 1)})
