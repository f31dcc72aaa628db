"""The version of Studio."""

from __future__ import annotations

VERSION = "0.2.0"
# where links to the documentation begin: its folder in the sources, or its address, once it is published
DOCUMENTATION = "docs"
# what a plugin that is written today depends on
REQUIREMENT = f"studio>={VERSION.rpartition('.')[0]}"
