"""Tiny models of the real classes with random weights, written to a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from studio.api.quiet import hush

SWIN = {
    "model_type": "swin",
    "embed_dim": 8,
    "depths": [1, 1, 1, 1],
    "num_heads": [1, 1, 1, 1],
    "window_size": 2,
    "image_size": 64,
}
"""A backbone of four stages for images of 64 pixels."""


@contextmanager
def seeded() -> Iterator[None]:
    """Draw weights that are the same every time, and leave the global generator alone."""
    with torch.random.fork_rng(devices=[]), hush("transformers"):
        torch.manual_seed(0)
        yield


def write_settings(folder: Path, settings: Mapping[str, Any]) -> Path:
    """Write how images are prepared."""
    (folder / "preprocessor_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


def write_sam(folder: Path) -> Path:
    """Write Segment Anything for images of 64 pixels."""
    vision = {
        "hidden_size": 16,
        "output_channels": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 64,
        "patch_size": 8,
        "mlp_dim": 16,
        "window_size": 4,
        "global_attn_indexes": [0],
        "num_pos_feats": 4,
    }
    prompts = {"hidden_size": 8, "image_size": 64, "patch_size": 8, "mask_input_channels": 4}
    decoder = {
        "hidden_size": 8,
        "mlp_dim": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "iou_head_depth": 2,
        "iou_head_hidden_dim": 8,
        "attention_downsample_rate": 1,
    }
    with seeded():
        config = transformers.SamConfig(
            vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=decoder
        )
        transformers.SamModel(config).save_pretrained(folder)
    return write_settings(folder, {"size": {"longest_edge": 64}})


def write_depth_anything(folder: Path) -> Path:
    """Write Depth Anything for patches of 14 pixels."""
    with seeded():
        backbone = transformers.Dinov2Config(
            hidden_size=16,
            num_hidden_layers=4,
            num_attention_heads=2,
            image_size=56,
            patch_size=14,
            out_features=["stage1", "stage2", "stage3", "stage4"],
            apply_layernorm=True,
            reshape_hidden_states=False,
            mlp_ratio=1,
        )
        config = transformers.DepthAnythingConfig(
            backbone_config=backbone,
            patch_size=14,
            reassemble_hidden_size=16,
            neck_hidden_sizes=[4, 4, 4, 4],
            fusion_hidden_size=4,
            head_hidden_size=4,
        )
        transformers.DepthAnythingForDepthEstimation(config).save_pretrained(folder)
    size = {"height": 56, "width": 56}
    return write_settings(folder, {"size": size, "keep_aspect_ratio": True, "ensure_multiple_of": 14})


def write_yolos(folder: Path) -> Path:
    """Write a detector with the labels "cat", "dog" and "sheep"."""
    labels = {0: "cat", 1: "dog", 2: "sheep"}
    with seeded():
        config = transformers.YolosConfig(
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=16,
            image_size=[32, 32],
            patch_size=8,
            num_detection_tokens=5,
            id2label=labels,
            label2id={label: number for number, label in labels.items()},
        )
        transformers.YolosForObjectDetection(config).save_pretrained(folder)
    return write_settings(folder, {"size": {"height": 32, "width": 32}})


def write_owlvit(folder: Path) -> Path:
    """Write a detector that looks for words."""
    return _write_owl(folder, transformers.OwlViTConfig, transformers.OwlViTForObjectDetection)


def write_owlv2(folder: Path) -> Path:
    """Write a detector that looks for words, in a square."""
    return _write_owl(folder, transformers.Owlv2Config, transformers.Owlv2ForObjectDetection)


def _write_owl(folder: Path, config_class: Any, network_class: Any) -> Path:
    words = ["<pad>", "<unk>", "a", "cat", "red", "car"]
    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    ends = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 0}
    with seeded():
        config = config_class(
            text_config={**small, **ends, "max_position_embeddings": 8, "vocab_size": len(words)},
            vision_config={**small, "image_size": 32, "patch_size": 8},
            projection_dim=16,
        )
        network_class(config).save_pretrained(folder)
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", model_max_length=8)
    fast.save_pretrained(folder)
    return write_settings(folder, {"size": {"height": 32, "width": 32}})


def write_sam2(folder: Path) -> Path:
    """Write Segment Anything 2 for images of 64 pixels."""
    backbone = {
        "hidden_size": 8,
        "num_attention_heads": 1,
        "image_size": [64, 64],
        "blocks_per_stage": [1, 1, 2, 1],
        "embed_dim_per_stage": [8, 16, 32, 64],
        "num_attention_heads_per_stage": [1, 1, 1, 1],
        "window_size_per_stage": [4, 4, 4, 4],
        "global_attention_blocks": [3],
    }
    vision = {
        "backbone_config": {"model_type": "sam2_hiera_det_model", **backbone},
        "backbone_channel_list": [64, 32, 16, 8],
        "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
        "fpn_hidden_size": 32,
    }
    prompts = {"hidden_size": 32, "image_size": 64, "patch_size": 16, "mask_input_channels": 4}
    decoder = {
        "hidden_size": 32,
        "mlp_dim": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "iou_head_depth": 2,
        "iou_head_hidden_dim": 8,
    }
    with seeded():
        config = transformers.Sam2Config(
            vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=decoder
        )
        transformers.Sam2Model(config).save_pretrained(folder)
    return write_settings(folder, {"size": {"height": 64, "width": 64}})


def write_mask2former(folder: Path) -> Path:
    """Write Mask2Former with the labels "cat" and "dog"."""
    swin = {**SWIN, "out_features": ["stage1", "stage2", "stage3", "stage4"]}
    labels = {0: "cat", 1: "dog"}
    with seeded():
        config = transformers.Mask2FormerConfig(
            backbone_config=swin,
            feature_size=32,
            mask_feature_size=32,
            hidden_dim=32,
            encoder_feedforward_dim=16,
            dim_feedforward=16,
            encoder_layers=1,
            decoder_layers=2,
            num_attention_heads=2,
            num_queries=5,
            id2label=labels,
            label2id={label: number for number, label in labels.items()},
        )
        transformers.Mask2FormerForUniversalSegmentation(config).save_pretrained(folder)
    return write_settings(folder, {"size": {"height": 64, "width": 64}})


def write_vitpose(folder: Path) -> Path:
    """Write ViTPose with the 17 joints of COCO, for images of 32 x 24 pixels."""
    backbone = {
        "model_type": "vitpose_backbone",
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": [32, 24],
        "patch_size": [8, 8],
        "out_indices": [1],
    }
    with seeded():
        config = transformers.VitPoseConfig(backbone_config=backbone, num_labels=17)
        transformers.VitPoseForPoseEstimation(config).save_pretrained(folder)
    return write_settings(folder, {"size": {"height": 32, "width": 24}})


def write_grounding_dino(folder: Path) -> Path:
    """Write a detector that looks for the words of one text."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", ".", "?", "a", "cat", "red", "car"]
    swin = {**SWIN, "out_features": ["stage2", "stage3", "stage4"]}
    text = {"model_type": "bert", "vocab_size": len(words), "hidden_size": 16, "intermediate_size": 16}
    attention = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_n_points": 2}
    with seeded():
        config = transformers.GroundingDinoConfig(
            backbone_config=swin,
            text_config={**text, "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 32},
            num_queries=6,
            d_model=32,
            encoder_layers=1,
            decoder_layers=2,
            encoder_ffn_dim=16,
            decoder_ffn_dim=16,
            decoder_n_points=2,
            max_text_len=16,
            **attention,
        )
        transformers.GroundingDinoForObjectDetection(config).save_pretrained(folder)
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]")
    fast.save_pretrained(folder)
    return write_settings(folder, {"size": {"shortest_edge": 64, "longest_edge": 110}})


def write_detr(folder: Path) -> Path:
    """Write a detector with the labels "cat" and "dog", whose images keep their shape."""
    labels = {0: "cat", 1: "dog"}
    with seeded():
        backbone = transformers.ResNetConfig(
            embedding_size=8,
            hidden_sizes=[8, 8, 8, 8],
            depths=[1, 1, 1, 1],
            layer_type="basic",
            out_features=["stage4"],
        )
        config = transformers.DetrConfig(
            backbone_config=backbone,
            num_queries=5,
            d_model=16,
            encoder_layers=1,
            decoder_layers=1,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=16,
            decoder_ffn_dim=16,
            id2label=labels,
            label2id={label: number for number, label in labels.items()},
        )
        transformers.DetrForObjectDetection(config).save_pretrained(folder)
    return write_settings(folder, {"size": {"shortest_edge": 80, "longest_edge": 133}})


LABELS = {0: "cat", 1: "dog"}
PATCHES = {
    "model_type": "dinov2",
    "num_hidden_layers": 2,
    "hidden_size": 16,
    "num_attention_heads": 2,
    "mlp_ratio": 1,
    "image_size": 32,
    "patch_size": 8,
}
"""A transformer over patches of 8 pixels."""


def write_dpt(folder: Path) -> Path:
    """Write DPT for images of 32 pixels."""
    with seeded():
        config = transformers.DPTConfig(
            hidden_size=16,
            num_hidden_layers=4,
            num_attention_heads=2,
            intermediate_size=16,
            image_size=32,
            patch_size=8,
            backbone_out_indices=[0, 1, 2, 3],
            neck_hidden_sizes=[4, 4, 4, 4],
            fusion_hidden_size=4,
            initializer_range=0.3,
        )
        transformers.DPTForDepthEstimation(config).save_pretrained(folder)
    return write_settings(folder, {"size": {"height": 32, "width": 32}})


def write_glpn(folder: Path) -> Path:
    """Write GLPN, which takes images in their own size."""
    with seeded():
        config = transformers.GLPNConfig(
            depths=[1, 1, 1, 1],
            hidden_sizes=[8, 8, 8, 8],
            num_attention_heads=[1, 1, 1, 1],
            mlp_ratios=[1, 1, 1, 1],
            decoder_hidden_size=8,
        )
        transformers.GLPNForDepthEstimation(config).save_pretrained(folder)
    return write_settings(folder, {"do_rescale": True, "do_resize": True, "size_divisor": 32, "resample": 2})


def write_zoedepth(folder: Path) -> Path:
    """Write ZoeDepth for images of at least 32 pixels."""
    with seeded():
        backbone = transformers.BeitConfig(
            image_size=32,
            patch_size=8,
            hidden_size=16,
            num_hidden_layers=4,
            num_attention_heads=2,
            intermediate_size=16,
            out_features=["stage1", "stage2", "stage3", "stage4"],
            reshape_hidden_states=False,
            use_relative_position_bias=True,
        )
        config = transformers.ZoeDepthConfig(
            backbone_config=backbone,
            neck_hidden_sizes=[4, 4, 4, 4],
            fusion_hidden_size=4,
            bottleneck_features=4,
            num_attractors=[4, 2, 2, 1],
            bin_embedding_dim=8,
            num_relative_features=8,
            bin_configurations=[{"n_bins": 8, "min_depth": 0.001, "max_depth": 10.0, "name": "nyu"}],
        )
        transformers.ZoeDepthForDepthEstimation(config).save_pretrained(folder)
    size = {"height": 32, "width": 32}
    return write_settings(folder, {"size": size, "keep_aspect_ratio": True, "ensure_multiple_of": 32})


def write_depth_pro(folder: Path) -> Path:
    """Write Depth Pro for images of 128 pixels, without a guess of the field of view."""
    with seeded():
        config = transformers.DepthProConfig(
            fusion_hidden_size=8,
            patch_size=32,
            intermediate_hook_ids=[1, 0],
            intermediate_feature_dims=[8, 8],
            scaled_images_feature_dims=[8, 8, 8],
            use_fov_model=False,
            image_model_config=dict(PATCHES),
            patch_model_config=dict(PATCHES),
            fov_model_config=dict(PATCHES),
        )
        transformers.DepthProForDepthEstimation(config).save_pretrained(folder)
    return write_settings(folder, {"size": {"height": 128, "width": 128}})


def write_rt_detr(folder: Path) -> Path:
    """Write RT-DETR with the labels "cat" and "dog"."""
    with seeded():
        backbone = transformers.RTDetrResNetConfig(
            embedding_size=8,
            hidden_sizes=[8, 8, 8, 8],
            depths=[1, 1, 1, 1],
            layer_type="basic",
            out_features=["stage2", "stage3", "stage4"],
        )
        config = transformers.RTDetrConfig(
            backbone_config=backbone,
            encoder_hidden_dim=16,
            encoder_in_channels=[8, 8, 8],
            encoder_layers=1,
            encoder_ffn_dim=16,
            encoder_attention_heads=2,
            d_model=16,
            num_queries=6,
            num_denoising=0,
            decoder_in_channels=[16, 16, 16],
            decoder_ffn_dim=16,
            decoder_layers=2,
            decoder_attention_heads=2,
            id2label=LABELS,
            label2id={label: number for number, label in LABELS.items()},
        )
        transformers.RTDetrForObjectDetection(config).save_pretrained(folder)
    return write_settings(folder, {"size": {"height": 64, "width": 64}, "resample": 2})
