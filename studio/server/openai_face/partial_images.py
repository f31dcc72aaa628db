"""`PartialImages`: which previews of a job a client of OpenAI's images gets, and in which format."""

from __future__ import annotations

import base64
import io

from studio.server.live_job import LiveJob

MOST_PARTS = 3
_FORMATS = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP"}


class PartialImages:
    """Chooses previews: of N, each when its share of the steps is done.

    Args:
        count: How many of each job; 0 for none.
        format: "png", "jpeg" or "webp".
    """

    def __init__(self, count: int, format: str) -> None:
        self._count = count
        self._format = format
        self._sent: dict[str, int] = {}

    def __bool__(self) -> bool:
        return self._count > 0

    def take(self, job_id: str, live: LiveJob) -> tuple[int, str] | None:
        """Return the number, from 0, and the image in base64 of the preview that is due; None if none is."""
        preview, sent = live.preview, self._sent.get(job_id, 0)
        if preview is None or sent >= self._count:
            return None
        node = live.copy_nodes().get(preview["node"], {})
        total = node.get("total") or 0
        if total and node["done"] * (self._count + 1) < total * (sent + 1):
            return None
        self._sent[job_id] = sent + 1
        return sent, _convert(preview["image"], self._format)


def _convert(url: str, format: str) -> str:
    """Return the image of a data URL in another format, in base64."""
    import PIL.Image

    data = url.partition(",")[2]
    if format == "webp":
        return data
    buffer = io.BytesIO()
    with PIL.Image.open(io.BytesIO(base64.b64decode(data))) as image:
        image.convert("RGB").save(buffer, _FORMATS[format])
    return base64.b64encode(buffer.getvalue()).decode()
