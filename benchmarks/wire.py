"""What a quote message costs to encode, beside plain string formatting as the floor."""

import struct
from collections.abc import Iterator
from timeit import timeit

from microfutures.twsim.wire import Field, encode

ROUNDS = 50_000


def encode_quotes() -> Iterator[str]:
    fields: list[Field] = [1, 6, 1001, 1, 71.23, 5, 1]

    def floor() -> bytes:
        body = b"1\x006\x001001\x001\x00%r\x005\x001\x00" % 71.23
        return struct.pack(">I", len(body)) + body

    ours = timeit(lambda: encode(fields), number=ROUNDS) / ROUNDS
    least = timeit(floor, number=ROUNDS) / ROUNDS
    yield f"encode a price tick     {ours * 1e6:8.2f} us   {ours / least:6.1f} x the floor"
