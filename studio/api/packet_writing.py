"""Packets of one video into a file, so that every reader finds when the last frame ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class PacketWriter:
    """Writes the packets of one encoder, each with the length of its frame.

    Args:
        container: The open file.
        ends_by_decoding: Whether the file counts lengths in the order of decoding, as MP4 and MOV do.
    """

    def __init__(self, container: Any, *, ends_by_decoding: bool) -> None:
        self.lengths: dict[int, int] = {}
        """Length of each frame by its time; the caller adds a frame before its packet is written."""
        self._container, self._ends_by_decoding = container, ends_by_decoding
        self._first: int | None = None
        self._last = 0

    def write(self, packets: Iterable[Any]) -> None:
        """Write packets in the order of decoding."""
        for packet in packets:
            length = self.lengths.get(packet.pts)
            if length is not None:
                packet.duration = length
            if packet.dts is not None:
                self._first = packet.dts if self._first is None else self._first
                self._last = packet.dts
            self._container.mux(packet)

    def finish(self, packets: Sequence[Any]) -> None:
        """Write the last packets, those that the encoder held back."""
        self.write(packets[:-1])
        if packets and self._ends_by_decoding and packets[-1].dts is not None:
            self._fit_end(packets[-1])
        self.write(packets[-1:])

    def _fit_end(self, packet: Any) -> None:
        """Let the packet that is decoded last end with the frame that shows last, on both clocks of the file.

        The track ends at the greatest sum of a packet's presentation time and length; its table of lengths goes from
        the first time of decoding to the last, and then by the length of the last packet. Frames that are evenly
        spaced agree on both. Readers take the smaller, so the table may be longer, where times of decoding are too
        late already.
        """
        start, shown_last = min(self.lengths), max(self.lengths)
        end = shown_last + self.lengths[shown_last]
        delay = 0 if self._first is None else start - self._first
        length = end - delay - packet.dts
        most = end - packet.pts
        if length != most and (length <= 0 or length > most or packet.pts == shown_last):
            earliest = packet.dts if self._first is None else self._last + 1
            packet.dts, length = max(packet.pts - delay, earliest), most
        self.lengths[packet.pts] = length
