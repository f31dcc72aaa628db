"""XMP packets that say what made an image."""

from __future__ import annotations

import html
import re

from studio.api.content_origin import read_carried_term
from studio.api.media_file import GENERATOR, encode_text

_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:studio="urn:studio:provenance:1"{dublin}
 xmp:CreatorTool="{generator}"{source_type}>{elements}{provenance}</rdf:Description>
</rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""
_PROVENANCE = re.compile(r"<studio:provenance>([^<]*)</studio:provenance>")


def build_packet(provenance: str | None = None, *, embeds: bool = True, elements: str = "") -> bytes:
    """Return a packet that says what made an image, and the IPTC term for its source if the provenance names one.

    Args:
        provenance: JSON text that the file is to carry.
        embeds: Whether the packet holds that text too.
        elements: Elements of Dublin Core, as XML.
    """
    element = ""
    if provenance is not None and embeds:
        text = html.escape(encode_text(provenance).decode("utf-8"), quote=False).replace("\r", "&#13;")
        element = f"<studio:provenance>{text}</studio:provenance>"
    term = read_carried_term(provenance)
    source_type = f' Iptc4xmpExt:DigitalSourceType="{term}"' if term else ""
    dublin = ' xmlns:dc="http://purl.org/dc/elements/1.1/"' if elements else ""
    values = {"generator": GENERATOR, "source_type": source_type, "provenance": element}
    return _PACKET.format(dublin=dublin, elements=elements, **values).encode("utf-8")


def find_provenance(packet: bytes) -> str | None:
    """Return the provenance in a packet, or None. No XML parser sees the packet, so no hostile XML can."""
    found = _PROVENANCE.search(packet.decode("utf-8", "replace"))
    return html.unescape(found.group(1)) if found else None
