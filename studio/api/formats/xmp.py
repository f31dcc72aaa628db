"""XMP packets that say what made an image."""

from __future__ import annotations

import html
import re

from studio.api.media_file import GENERATOR, SOURCE_TYPE, encode_text

_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:studio="urn:studio:provenance:1"
 xmp:CreatorTool="{generator}" Iptc4xmpExt:DigitalSourceType="{source_type}">{provenance}</rdf:Description>
</rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""
_PROVENANCE = re.compile(r"<studio:provenance>([^<]*)</studio:provenance>")


def build_packet(provenance: str | None = None) -> bytes:
    """Return a packet that says that the image is generated, with the provenance inside if it is given."""
    element = ""
    if provenance is not None:
        text = html.escape(encode_text(provenance).decode("utf-8"), quote=False).replace("\r", "&#13;")
        element = f"<studio:provenance>{text}</studio:provenance>"
    return _PACKET.format(generator=GENERATOR, source_type=SOURCE_TYPE, provenance=element).encode("utf-8")


def find_provenance(packet: bytes) -> str | None:
    """Return the provenance in a packet, or None. No XML parser sees the packet, so no hostile XML can."""
    found = _PROVENANCE.search(packet.decode("utf-8", "replace"))
    return html.unescape(found.group(1)) if found else None
