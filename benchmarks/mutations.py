"""What the fuzzer sends: requests that were well-formed once, and bytes that never were."""

from random import Random

from benchmarks.requests import requests_of

VERSIONS = (157, 163, 166, 173, 176, 177, 178)
MAX_MESSAGE_ID = 110

ODD_VALUES = (
    "", "0", "1", "-1", "2", "11", "13", "2147483647", "-2147483648", "2147483648",
    "9223372036854775807", "-9223372036854775809", "1.7976931348623157E308", "nan", "-nan", "inf",
    "Infinity", "1e400", "1E+18", "1E-18", "-0", "0.0000001", "70.25", "1_0", "٣", "0x10", " 1",
    "True", "A" * 5_000, "%s%n{0}", "\\", "'", '"', ";;;", ",", "\x1b[2J", "<xml/>", "café",
    "DU1000001", "DU9", "MCL", "USO", "FUT", "STK", "BAG", "OPT", "CASH", "SMART", "NYMEX", "USD",
    "202611", "20261019", "20260230", "99999999", "BUY", "SELL", "SSHORT", "MKT", "LMT", "STP LMT",
    "TRAIL", "DAY", "GTC", "IOC", "GTD", "TRADES", "MIDPOINT", "BID_ASK", "SCHEDULE", "1 min",
    "1 secs", "1 month", "1 D", "100 Y", "-5 D", "0 S", "99999999999 S", "233,236", "All", "Last",
    "20260908 10:00:00 US/Eastern", "20260908-14:00:00", "00010101 00:00:00", "99991231 23:59:59",
    "20260908 10:00:00 Mars/Base", "583288378", "NetLiquidation", "$LEDGER:ALL", "BidAsk",
)  # fmt: skip

_FIELD_EDITS = ("replace", "insert", "drop", "double", "swap", "cut", "letters")


class Mutator:
    """Draws cases from a seed."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._requests = {version: requests_of(version) for version in VERSIONS}

    def body(self, version: int) -> bytes:
        """Return the fields of a message: kept, edited, made up, or no fields at all."""
        kind = self._random.random()
        if kind < 0.05:
            return self._random.randbytes(self._random.randrange(64))
        if kind < 0.2:
            return _spelled(self._made_up())
        fields = list(self._random.choice(self._requests[version]))
        for _ in range(self._random.choice((0, 1, 1, 1, 2, 3, 8))):
            self._edit(fields)
        body = _spelled(fields)
        return self._flip(body) if self._random.random() < 0.05 else body

    def framed(self, body: bytes) -> tuple[bytes, bool]:
        """Return a frame, and whether its length is true."""
        if self._random.random() > 0.01:
            return len(body).to_bytes(4, "big") + body, True
        wrong = self._random.choice(
            (0, len(body) + 1, max(0, len(body) - 1), 2**24 - 1, 2**24, 2**31, 2**32 - 1)
        )
        return wrong.to_bytes(4, "big") + body, False

    def greeting(self) -> bytes:
        """Return the begin of a connection, mostly a wrong one."""
        ranges = (b"v157..178", b"v1..2", b"v999..1000", b"v178", b"v..", b"157..178", b"")
        text = self._random.choice((*ranges, b"v157..178 +PACEAPI", b"v" + b"9" * 50, b"v-1..178"))
        start = self._random.choice((b"API\0", b"API\0", b"GET / HTTP/1.1\r\n\r\n", b"API", b"\0"))
        stream = start + self.framed(text)[0]
        client = self._random.choice(("7", "-1", "1", "x", "", "99999999999999999999"))
        stream += self.framed(_spelled([self._random.choice(("71", "3", "x")), "2", client, ""]))[0]
        return self._flip(stream) if self._random.random() < 0.3 else stream

    def _made_up(self) -> list[str]:
        count = self._random.choice((0, 1, 2, 3, 5, 12, 40))
        head = str(self._random.randrange(MAX_MESSAGE_ID))
        return [head, *self._random.choices(ODD_VALUES, k=count)]

    def _edit(self, fields: list[str]) -> None:
        if len(fields) < 2:
            return
        at, other = self._random.randrange(1, len(fields)), self._random.randrange(1, len(fields))
        match self._random.choice(_FIELD_EDITS):
            case "replace":
                fields[at] = self._random.choice(ODD_VALUES)
            case "insert":
                fields.insert(at, self._random.choice(ODD_VALUES))
            case "drop":
                del fields[at]
            case "double":
                fields[at:at] = fields[at : at + self._random.randrange(1, 9)]
            case "swap":
                fields[at], fields[other] = fields[other], fields[at]
            case "cut":
                del fields[at:]
            case _:
                fields[at] = "".join(self._random.choices("0123456789.-eE+;,:/ ABZ", k=9))

    def _flip(self, data: bytes) -> bytes:
        changed = bytearray(data)
        for _ in range(min(len(changed), self._random.randrange(1, 4))):
            changed[self._random.randrange(len(changed))] = self._random.randrange(256)
        return bytes(changed)


def _spelled(fields: list[str]) -> bytes:
    return "".join(f"{field}\0" for field in fields).encode(errors="replace")
