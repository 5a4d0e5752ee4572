"""Framing, fields and numbers, whatever the bytes are."""

import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microfutures.twsim.wire import (
    MAX_FRAME_BYTES,
    UNSET_DOUBLE,
    FieldReader,
    FrameDecoder,
    WireError,
    encode,
    escaped,
    split_fields,
)

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
MESSAGES = st.lists(st.lists(TEXT, min_size=1, max_size=6), max_size=8)


@given(MESSAGES, st.lists(st.integers(1, 40), max_size=40))
def test_messages_come_out_whole_however_the_stream_is_cut(
    messages: list[list[str]], cuts: list[int]
) -> None:
    stream = b"".join(encode(message) for message in messages)
    decoder, frames = FrameDecoder(), []
    for cut in cuts:
        frames += decoder.feed(stream[:cut])
        stream = stream[cut:]
    frames += decoder.feed(stream)
    assert [split_fields(frame) for frame in frames] == messages


@given(st.binary(max_size=200))
def test_any_bytes_are_frames_or_a_wire_error(data: bytes) -> None:
    try:
        frames = FrameDecoder().feed(data)
    except WireError:
        return
    assert sum(len(frame) + 4 for frame in frames) <= len(data)


def test_frame_longer_than_the_limit_is_refused_before_it_has_come() -> None:
    with pytest.raises(WireError, match="at most"):
        FrameDecoder().feed(struct.pack(">I", MAX_FRAME_BYTES + 1))


@given(st.lists(TEXT, min_size=1, max_size=4))
def test_reading_fields_never_raises_anything_but_a_wire_error(fields: list[str]) -> None:
    for read in (FieldReader.integer, FieldReader.decimal, FieldReader.flag, FieldReader.count):
        reader = FieldReader(fields)
        while reader.rest:
            try:
                read(reader)
            except WireError:
                continue


@pytest.mark.parametrize(
    "text", ["1" * 5000, "nan", "1E+999999", "-1E+400", "inf", "1_0", "٣", "0x10", " 1"]
)
def test_numbers_that_arithmetic_cannot_stand_on_are_refused(text: str) -> None:
    with pytest.raises(WireError):
        FieldReader([text]).integer()
    if text not in ("1_0", "٣", " 1"):
        with pytest.raises(WireError):
            FieldReader([text]).decimal()


@pytest.mark.parametrize("text", ["", UNSET_DOUBLE, "1.7976931348623157e+308", "2147483647"])
def test_unset_numbers_are_none(text: str) -> None:
    assert FieldReader([text]).decimal() is None


def test_values_are_spelled_like_tws_spells_them() -> None:
    frame = encode([1, True, False, None, "a\0b", Decimal("1E+2"), 70.25])
    assert split_fields(frame[4:]) == ["1", "1", "0", "", "ab", "100", "70.25"]


def test_texts_are_ascii_with_escapes_that_clients_undo() -> None:
    text = "café \\ 原油\n"
    assert escaped(text).isascii()
    assert escaped(text).encode().decode("unicode-escape") == text
