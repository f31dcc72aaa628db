"""An image written to a file in one go."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image

from studio.api import Image, ImageType, replace_file
from studio_image.convert import convert_channels

_LOSSY = {".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
# ImageType.write_file takes no quality, so the mark of generated media (IPTC DigitalSourceType) is written here too
_PACKET = b"""<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="Studio"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"/>
</rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def save(image: Image, path: Path, quality: int | None) -> None:
    """Write an image whole or not at all."""
    kind = _LOSSY.get(path.suffix.lower())
    with replace_file(path) as partial:
        if quality is None or kind is None:
            ImageType().write_file(image, partial, None)
        else:
            _write_lossy(image, partial, kind, quality)


def _write_lossy(image: Image, path: Path, kind: str, quality: int) -> None:
    pixels = image.pixels
    if kind == "JPEG" and image.channels == 4:
        pixels = convert_channels(pixels, "rgb", (1.0, 1.0, 1.0, 1.0))
    levels = np.rint(pixels * 255.0).astype(np.uint8)
    encoded = PIL.Image.fromarray(levels[:, :, 0] if levels.shape[2] == 1 else levels)
    more = {"subsampling": 0} if kind == "JPEG" else {"alpha_quality": 100}
    encoded.save(path, kind, quality=quality, xmp=_PACKET, **more)
