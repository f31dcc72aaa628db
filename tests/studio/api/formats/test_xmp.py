"""XMP packets: well-formed, with the terms of IPTC, and the provenance that comes back from them."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from studio.api.formats import xmp

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
STUDIO = "{urn:studio:provenance:1}"


def parse(packet: bytes) -> ElementTree.Element:
    """Return the description in a packet, by an XML parser."""
    found = ElementTree.fromstring(packet.decode("utf-8")).find(f".//{RDF}Description")
    assert found is not None
    return found


@pytest.mark.parametrize("embeds", [False, True])
def test_a_packet_says_where_the_image_comes_from_in_the_terms_of_iptc(embeds: bool) -> None:
    described = parse(xmp.build_packet('{"digital_source_type": "humanEdits", "graph": {}}', embeds=embeds))

    assert described.get(f"{IPTC}DigitalSourceType") == "http://cv.iptc.org/newscodes/digitalsourcetype/humanEdits"
    assert (described.find(f"{STUDIO}provenance") is not None) == embeds


@pytest.mark.parametrize("text", [None, '{"graph": {}}'])
def test_a_packet_says_nothing_of_a_source_that_is_not_known(text: str | None) -> None:
    assert parse(xmp.build_packet(text)).get(f"{IPTC}DigitalSourceType") is None


@pytest.mark.parametrize("text", ["{}", '{"a": "<&>\\"\'"}', "Größe 🎨", "one\rtwo\r\nthree", "]]>", "a" * 100_000])
def test_provenance_comes_back_from_the_packet_and_through_an_xml_parser(text: str) -> None:
    packet = xmp.build_packet(text)

    element = parse(packet).find(f"{STUDIO}provenance")
    assert element is not None
    assert element.text == text
    assert xmp.find_provenance(packet) == text


@pytest.mark.parametrize("packet", [b"", b"<x/>", b"\xff\xfe", xmp.build_packet(), b"<studio:provenance>no end"])
def test_a_packet_without_provenance_has_none(packet: bytes) -> None:
    assert xmp.find_provenance(packet) is None
