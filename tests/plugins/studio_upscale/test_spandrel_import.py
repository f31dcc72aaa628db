"""spandrel imported without torchvision."""

from __future__ import annotations

import subprocess
import sys


def test_spandrel_loads_without_torchvision_and_leaves_no_stand_in() -> None:
    code = (
        "import sys; from studio_upscale.spandrel_import import import_spandrel; import_spandrel();"
        "print([n for n in sys.modules if n.startswith('torchvision')])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
