"""The version of Studio."""

from __future__ import annotations

VERSION = "0.2.0"
# what a plugin that is written today depends on
REQUIREMENT = f"studio>={VERSION.rpartition('.')[0]}"
