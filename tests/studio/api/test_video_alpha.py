"""Alpha of videos read: through libvpx, and where only some frames have it."""

from __future__ import annotations

import base64
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import PIL.Image
import pytest

from tests.studio.api.media_files import make_corner, write_frames
from tests.studio.api.videos import LIMITS, VIDEO


def make_bar(index: int) -> np.ndarray:
    array = np.zeros((48, 64, 4), np.uint8)
    array[..., 0] = 200
    array[8:40, 8 * index : 8 * index + 16, 3] = 255
    return array


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_alpha_of_vp8_and_vp9_is_read(tmp_path: Path, codec: str) -> None:
    with av.open(str(tmp_path / "a.webm"), "w") as container:
        stream: Any = container.add_stream(codec, rate=10, options={"auto-alt-ref": "0", "crf": "10", "b": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuva420p"
        for index in range(4):
            frame: Any = av.VideoFrame.from_ndarray(make_bar(index), format="rgba").reformat(format="yuva420p")
            frame.pts, frame.time_base = index, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))

    frames = list(VIDEO.read_file(tmp_path / "a.webm", LIMITS).frames())

    assert [frame.time for frame in frames] == [0.0, 0.1, 0.2, 0.3]
    for index, frame in enumerate(frames):
        assert np.abs(frame.image.pixels[:, :, 3] - make_bar(index)[:, :, 3] / 255.0).mean() < 0.02


def test_alpha_that_begins_with_a_later_frame_is_read(tmp_path: Path) -> None:
    pictures = [PIL.Image.new("RGBA", (8, 8), (255, 0, 0, 255)), PIL.Image.new("RGBA", (8, 8), (0, 255, 0, 255))]
    pictures[1].paste((0, 0, 0, 0), (0, 0, 4, 4))
    pictures[0].save(tmp_path / "a.png", save_all=True, append_images=pictures[1:], duration=100, blend=0)
    (tmp_path / "a.png").rename(tmp_path / "a.apng")

    first, second = (frame.image.pixels for frame in VIDEO.read_file(tmp_path / "a.apng", LIMITS).frames())

    assert (first[:, :, 3].min(), first.shape[2]) == (1, 4)
    assert (second[:4, :4, 3].max(), second[4:, 4:, 3].min()) == (0, 1)


ALPHA_OF_H265 = (
    "c-oCpO=#3W6n>NJx``~<LbW|COO#R<L9mO}9x5!`9)gsj2bBd8vpWe1%`_pI2JNNAo3{lKJZ=TA?O7;T#ltEH;$1wp-aL5dp%UL@"
    "cS&}w;$vps-}m0UdGi3EWbwzo6M76l0>N=tnSXT_KyEY7ivYl7kxgNU<U>5VKtQaN$S`VDufab_!u5>@#wyD9`D${fd_uPFACdoa"
    "uh!oH(<bF1@{;L>JQLAPW2JkHI);c~boA{N+zQ-zpD34Y>IMT(<WMt<yo<W08*9`x1xAvXvu2?%5wRp`w#;eT^Oa~|TA8AX>w&BF"
    "Wb!WLO&9rtkcTwIkQF;>&Hkko;?WxD$n^oDxNJl%&2^fOs@LXD`iQAG#`7a)T_ofoitWT){sG6oj*bA%<T`lI^%^OT$FTs&0wIf4"
    "e*WU@oAMNpLT-Lu0mvQK63<VY0LjDco1gS;{OC%ZkdeSnU1^xs>*`*<qX|QDY(u%Ojw1E3C+8ZCo#kC(lb4w6)Dn3cetrstB~_nX"
    "P}&!<ICX`*$^mS)x3KWjmSeg}W5#?V^!r^Bd!osM{s`o64PGDeWIQ0nDMBt`*IUE(G!ObV`o0UPt>vY7c@O!Gb;`w9%`r3Kg3f10"
    "2*)lkeBaG}hvM|+RIvh6%-1DG4WW-$$nMPdD~0&$m-t|2ai_SCMzx|o`>=IzsO|p-T8)iE"
)
"""MP4 of FFmpeg 9 and x265 4.3: a frame of 32 x 32, half transparent, as base 85 of deflated bytes."""


@pytest.mark.parametrize("extension", ["mp4", "mkv"])
def test_alpha_of_h265_is_named(tmp_path: Path, extension: str) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(zlib.decompress(base64.b85decode(ALPHA_OF_H265)))
    if extension == "mkv":
        path = tmp_path / "a.mkv"
        with av.open(str(tmp_path / "a.mp4")) as source, av.open(str(path), "w") as target:
            stream = target.add_stream_from_template(source.streams.video[0])
            for packet in source.demux():
                if packet.size:
                    packet.stream = stream
                    target.mux(packet)

    said = VIDEO.find_doubts(path, LIMITS)

    assert any("alpha of H.265" in each for each in said)


def test_h265_without_alpha_says_nothing(tmp_path: Path) -> None:
    options = {"x265-params": "log-level=error"}
    write_frames(tmp_path / "a.mp4", [make_corner()] * 4, codec="libx265", pixels="yuv420p", options=options)

    assert VIDEO.find_doubts(tmp_path / "a.mp4", LIMITS) == []
