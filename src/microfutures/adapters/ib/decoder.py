"""ib_async's decoder, in less time, and not silent about what it can't read."""

import logging
import sys
from collections.abc import Callable
from dataclasses import fields as fields_of

from ib_async.decoder import Decoder
from ib_async.wrapper import Wrapper

from microfutures.adapters.ib.taps import Taps

_log = logging.getLogger("microfutures.ib")

TICK_PRICE, TICK_SIZE = "1", "2"

_READERS: dict[type, Callable[[str], object]] = {
    int: int,
    float: float,
    bool: lambda text: bool(int(text)),
}
"""How the base reads a text into a field, by the type of the field's default."""


class TellingDecoder(Decoder):
    """Tells of messages that it can't read; the base only logs them, and our own errors too."""

    def __init__(self, wrapper: Wrapper, taps: Taps) -> None:
        super().__init__(wrapper, 0)
        self._taps, self._market = taps, taps.market
        self.logger = _DecoderLog(taps)
        self._typed: dict[type, list[tuple[str, Callable[[str], object], object]]] = {}
        """Name, reader and default of the fields that are no texts, by the message's class."""

    def interpret(self, fields: list[str]) -> None:
        """Read one message; ticks, which almost all messages are, without any detour."""
        kind = fields[0] if fields else ""
        try:
            if kind == TICK_PRICE:
                _, _, request_id, tick_type, price, size, _ = fields
                if price:
                    self._market.on_price(
                        int(request_id), int(tick_type), float(price), float(size or 0)
                    )
                return
            if kind == TICK_SIZE:
                _, _, request_id, tick_type, size = fields
                self._market.on_size(int(request_id), int(tick_type), float(size or 0))
                return
        except ValueError:
            # More fields than we know, or nonsense: the base copes with the one, and says
            # where it stumbles over the other.
            Decoder.interpret(self, fields)
            return
        handler = self.handlers.get(int(kind)) if kind.isdigit() else None
        if handler is None:
            self._taps.on_unreadable(f"unknown message {fields[:1]}")
            return
        Decoder.interpret(self, fields)

    def parse(self, obj: object) -> None:
        """Read an object's texts by the types of its defaults, as the base does.

        The base asks for the types anew each time: of an order, half of what its news took.
        """
        kind = type(obj)
        typed = self._typed.get(kind)
        if typed is None:
            typed = self._typed[kind] = [
                (each.name, _READERS[type(each.default)], each.default)
                for each in fields_of(obj)  # type: ignore[arg-type]
                if type(each.default) in _READERS
            ]
        values = vars(obj)
        for name, read, default in typed:
            value = values[name]
            if value is not default:
                values[name] = read(value) if value else default


class _DecoderLog(logging.Logger):
    """Where the base decoder reports a message it stumbled over."""

    def __init__(self, taps: Taps) -> None:
        super().__init__("microfutures.ib.decoder")
        self._taps = taps

    def exception(self, msg: object, *args: object, **options: object) -> None:
        """Tell it, with the error itself."""
        error = sys.exception()
        _log.debug("%s", msg, exc_info=error)
        self._taps.on_unreadable(f"{type(error).__name__}: {error}, in {str(msg)[:200]}")
