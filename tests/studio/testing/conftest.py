"""Runs `check_node_type` on node types with deliberate mistakes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from studio.api import Image
from studio.testing import check_node_type

GRAY = Image(np.full((4, 6), 100, np.uint8))


def find_failures(function: Callable[..., Any], **example: Any) -> dict[str, str]:
    """Run the checks and return what failed, by the name of the check."""
    with pytest.raises(AssertionError) as caught:
        check_node_type(function, **example)
    failed = [line.split(None, 1)[1] for line in str(caught.value).splitlines() if line.startswith("  failed")]
    return {name: message for name, _, message in (line.partition(": ") for line in failed)}
