"""Frames: what is written is read, however it is cut; what is no frame is refused, as early as it can be
told.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.network.errors import BadFrame, OversizedFrame
from node.network.frames import (
    FRAME_BYTES_MAX,
    HEAD_BYTES_MAX,
    Frame,
    FrameReader,
    Goodbye,
    Gossip,
    Head,
    Hello,
    Ping,
    Pong,
    Refusal,
    Request,
    Response,
    encode,
    shortened,
)

U32 = st.integers(0, 2**32 - 1)


def text(bytes_max: int) -> st.SearchStrategy[str]:
    return st.text(max_size=bytes_max).filter(lambda text: len(text.encode()) <= bytes_max)


HEADS: st.SearchStrategy[Head] = st.one_of(
    st.builds(Hello, text(253), st.integers(0, 65_535)),
    st.builds(Goodbye, text(200)),
    st.builds(Ping, U32),
    st.builds(Pong, U32),
    st.builds(Gossip, text(32)),
    st.builds(Request, U32, text(32)),
    st.builds(Response, U32),
    st.builds(Refusal, U32, text(200)),
)


def reader(allowed: int = 100) -> FrameReader:
    return FrameReader(lambda _: allowed)


def read(data: bytes, allowed: int = 100) -> list[Frame]:
    return list(reader(allowed).feed(data))


@given(st.lists(st.tuples(HEADS, st.binary(max_size=100)), max_size=6), st.data())
def test_frames_are_read_however_they_are_cut(frames: list[tuple[Head, bytes]], data: st.DataObject) -> None:
    stream = b"".join(encode(head, body) for head, body in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    reading = reader()
    found: list[Frame] = []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += reading.feed(stream[begin:end])
        assert reading.waiting <= 4 + HEAD_BYTES_MAX + 100
    assert found == [Frame(head, body, len(encode(head, body))) for head, body in frames]
    assert reading.waiting == 0


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_any_bytes_are_frames_or_refused(pieces: list[bytes]) -> None:
    reading = reader()
    found: list[Frame] = []
    try:
        for piece in pieces:
            found += reading.feed(piece)
    except BadFrame:
        pass
    written = b"".join(encode(frame.head, frame.data) for frame in found)
    assert b"".join(pieces).startswith(written)


@given(HEADS, st.binary(max_size=50), st.data())
def test_a_changed_frame_is_another_one_or_refused(head: Head, body: bytes, data: st.DataObject) -> None:
    whole = encode(head, body)
    place = data.draw(st.integers(0, 8 * len(whole) - 1))
    changed = bytearray(whole)
    changed[place // 8] ^= 1 << place % 8
    try:
        assert read(bytes(changed)) != [Frame(head, body, len(whole))]
    except BadFrame:
        return


def test_no_head_is_longer_than_the_reader_looks() -> None:
    longest = [Hello("é" * 126, 65_535), Goodbye("é" * 100), Refusal(2**32 - 1, "é" * 100)]
    assert all(len(encode(head)) - 4 < HEAD_BYTES_MAX for head in longest)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (
            b"\x00\x00\x00\x00",
            "a frame's head is unreadable: ends where a variant's index begins, at byte 0",
        ),
        (b"\x01\x00\x00\x00\x08", "a frame's head is unreadable: no variant has index 8, at byte 0"),
        (
            b"\x03\x00\x00\x00\x02\x01\x00",
            "a frame's head is unreadable: Ping.number: needs 4 bytes, 2 remain, at byte 1",
        ),
        (
            b"\x22\x00\x00\x00\x04\x84" + b"x" * 33,
            "a frame's head is unreadable: Gossip.topic: 33 bytes, at most 32 are allowed, at byte 1",
        ),
    ],
)
def test_what_is_no_head_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(BadFrame) as refused:
        read(data)
    assert str(refused.value) == reason


def test_a_size_that_nothing_may_have_is_refused_at_once() -> None:
    assert read((FRAME_BYTES_MAX).to_bytes(4, "little")) == []
    with pytest.raises(OversizedFrame) as refused:
        read((FRAME_BYTES_MAX + 1).to_bytes(4, "little"))
    assert str(refused.value) == f"a frame has {FRAME_BYTES_MAX + 1} bytes, and may have {FRAME_BYTES_MAX}"


def test_a_size_that_its_kind_may_not_have_is_refused_before_the_data_come() -> None:
    head = encode(Gossip("votes"))[4:]
    opening = (len(head) + 1_000_000).to_bytes(4, "little") + head
    reading = FrameReader(lambda head: 1_000_000 if head == Gossip("votes") else 0)
    assert list(reading.feed(opening)) == []
    with pytest.raises(OversizedFrame) as refused:
        read(opening + bytes(HEAD_BYTES_MAX), 999_999)
    assert str(refused.value) == "the data of Gossip has 1000000 bytes, and may have 999999"
    with pytest.raises(OversizedFrame):
        read(encode(Ping(1), b"x"), 0)


def test_reasons_are_cut_to_fit() -> None:
    assert shortened("short") == "short"
    assert shortened("é" * 150) == "é" * 100
    assert shortened("x" + "é" * 150) == "x" + "é" * 99
