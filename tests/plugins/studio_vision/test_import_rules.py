"""Nodes for ComfyUI that look at images become nodes of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.app import Studio
from studio.cli.import_rules import find_import_rules
from studio.graph.foreign.importing import import_document
from studio.graph.foreign.prompt_format import read_prompt
from studio.graph.foreign.weights_folders import WeightsFolders


def convert(folder: Path, nodes: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
    document = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
        **nodes,
        "9": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "x"}},
    }
    with Studio(on_disk=False) as studio:
        graph, report = import_document(
            read_prompt(document), find_import_rules(studio.settings), studio.registry, WeightsFolders(folder),
            media=folder, title="test",
        )  # fmt: skip
        return graph, report.result


@pytest.mark.parametrize(
    ("file", "reference"),
    [
        ("depth_anything_v2_vitl_fp32.safetensors", "hub:depth-anything/Depth-Anything-V2-Large-hf"),
        ("depth_anything_v2_vits_fp16.safetensors", "hub:depth-anything/Depth-Anything-V2-Small-hf"),
    ],
)
def test_depth_anything_is_vision_depth(tmp_path: Path, file: str, reference: str) -> None:
    nodes = {
        "2": {"class_type": "DownloadAndLoadDepthAnythingV2Model", "inputs": {"model": file}},
        "3": {"class_type": "DepthAnything_V2", "inputs": {"da_model": ["2", 0], "images": ["1", 0]}},
    }

    graph, result = convert(tmp_path, nodes)

    assert graph is not None
    assert result == "exact"
    (depth,) = (node for node in graph["nodes"].values() if node["type"] == "vision.depth")
    assert depth["inputs"]["model"] == reference


def test_another_depth_network_is_missing(tmp_path: Path) -> None:
    inputs = {"image": ["1", 0], "ckpt_name": "unknown.pth", "resolution": 512}

    assert convert(tmp_path, {"3": {"class_type": "DepthAnythingPreprocessor", "inputs": inputs}})[1] == "missing"


def test_sessions_of_rembg_are_networks_for_the_foreground(tmp_path: Path) -> None:
    nodes = {
        "2": {"class_type": "RemBGSession+", "inputs": {"model": "silueta: very small u2net", "providers": "CPU"}},
        "3": {"class_type": "ImageRemoveBackground+", "inputs": {"rembg_session": ["2", 0], "image": ["1", 0]}},
    }

    graph, result = convert(tmp_path, nodes)

    assert graph is not None
    assert result == "exact"
    named = {node["type"]: node["inputs"] for node in graph["nodes"].values()}
    assert named["vision.find_foreground"]["model"].endswith("models/rembg/silueta.onnx")
    assert named["image.convert"] == {"image": {"from": "cutout.image"}, "channels": "rgb", "background": "black"}


@pytest.mark.parametrize(
    ("nodes", "file", "normalization"),
    [
        (
            {
                "2": {"class_type": "AutoDownloadBiRefNetModel", "inputs": {"model_name": "General", "device": "AUTO"}},
                "3": {"class_type": "RembgByBiRefNet", "inputs": {"model": ["2", 0], "images": ["1", 0]}},
            },
            "BiRefNet-general-epoch_244.onnx",
            None,
        ),
        (
            {"3": {"class_type": "easy imageRemBg", "inputs": {"images": ["1", 0], "rem_mode": "RMBG-1.4"}}},
            "model.onnx",
            "half",
        ),
        (
            {
                "3": {
                    "class_type": "Image Rembg (Remove Background)",
                    "inputs": {"images": ["1", 0], "model": "isnet-general-use", "transparency": True},
                }
            },
            "isnet-general-use.onnx",
            "imagenet_mean",
        ),
    ],
)
def test_nodes_that_remove_backgrounds_name_their_network(
    tmp_path: Path, nodes: dict[str, Any], file: str, normalization: str | None
) -> None:
    graph, result = convert(tmp_path, nodes)

    assert graph is not None
    assert result == "close"
    (found,) = (node["inputs"] for node in graph["nodes"].values() if node["type"] == "vision.find_foreground")
    assert found["model"].endswith(file)
    assert found.get("normalization", "imagenet") == (normalization or "imagenet")


def test_comfyuis_own_nodes_give_the_mask_of_the_foreground(tmp_path: Path) -> None:
    nodes = {
        "2": {"class_type": "LoadBackgroundRemovalModel", "inputs": {"bg_removal_name": "birefnet.safetensors"}},
        "4": {"class_type": "RemoveBackground", "inputs": {"bg_removal_model": ["2", 0], "image": ["1", 0]}},
        "5": {"class_type": "InvertMask", "inputs": {"mask": ["4", 0]}},
        "3": {"class_type": "JoinImageWithAlpha", "inputs": {"image": ["1", 0], "alpha": ["5", 0]}},
    }

    graph, result = convert(tmp_path, nodes)

    assert graph is not None
    assert result == "close"
    named = {node["type"]: node for node in graph["nodes"].values()}
    cutout = named["vision.find_foreground"]["inputs"]
    assert cutout["model"].endswith("models/rembg/BiRefNet-general-epoch_244.onnx")
    assert graph["nodes"]["edit_mask"]["inputs"] == {"mask": {"from": "cutout.mask"}, "invert": True}
