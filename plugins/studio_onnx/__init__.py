"""ONNX models for node types of any plugin, run by onnxruntime."""

from __future__ import annotations

from collections.abc import Iterable

from studio.api import ModelOpener, hookimpl


@hookimpl(trylast=True)
def studio_model_openers() -> Iterable[ModelOpener]:
    """Return the opener of ONNX models; it is asked last, as other plugins know what some of them are."""
    from studio_onnx.opener import OnnxOpener

    return [OnnxOpener()]
