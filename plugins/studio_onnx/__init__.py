"""ONNX models for node types of any plugin, run by onnxruntime."""

from __future__ import annotations

from collections.abc import Iterable

from studio.api import ModelOpener, hookimpl


@hookimpl
def studio_model_openers() -> Iterable[ModelOpener]:
    """Return the opener of ONNX models."""
    from studio_onnx.opener import OnnxOpener

    return [OnnxOpener()]
