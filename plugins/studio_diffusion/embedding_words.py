"""Words of prompts that stand for vectors of textual inversions, in one opened model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Embeddings:
    """What the words `embedding:NAME` of prompts stand for in one model.

    Attributes:
        words: By name: the words that the tokenizers have for its vectors.
        unfit: By name: why a file is not for this model.
    """

    words: Mapping[str, str] = field(default_factory=dict)
    unfit: Mapping[str, str] = field(default_factory=dict)
