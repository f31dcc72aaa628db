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


def test_a_packet_says_that_the_image_is_generated_in_the_terms_of_iptc() -> None:
    described = parse(xmp.build_packet())

    term = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
    assert described.get(f"{IPTC}DigitalSourceType") == term
    assert described.find(f"{STUDIO}provenance") is None


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
