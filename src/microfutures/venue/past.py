"""Bars of the time before a simulated market began, walked backward from its first moment."""

from collections.abc import Callable

from microfutures.model.errors import InvalidValueError
from microfutures.model.market import Bar
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND
from microfutures.venue.bars import SHORTEST_SECONDS, fold
from microfutures.venue.process import Gap, Walk, activity
from microfutures.venue.tradable import Tradable

SAMPLE_NS = SHORTEST_SECONDS * NANOSECONDS_PER_SECOND
LONGEST_PAST_NS = 10 * 24 * 3600 * NANOSECONDS_PER_SECOND


class Past:
    """The walk of one group before the start, in samples of five seconds, made as far as needed."""

    def __init__(
        self, walk: Walk, gap: Gap, *, start_ns: int, seed: int, is_open: Callable[[int], bool]
    ) -> None:
        self._walk = walk
        self._gap = gap
        self._seed = seed
        self._is_open = is_open
        # Samples sit at the middle of whole five-second bars, newest first.
        self._newest_bar_ns = start_ns - start_ns % SAMPLE_NS - SAMPLE_NS
        self._samples: list[tuple[float, float]] = []
        """Common factor and gap."""

    def bars(self, tradable: Tradable, end_ns: int, bar_seconds: int, count: int) -> list[Bar]:
        """Return at most `count` bars of a contract that begin before `end_ns`, ascending."""
        if bar_seconds < SHORTEST_SECONDS or bar_seconds % SHORTEST_SECONDS:
            raise InvalidValueError(
                f"bar size must be a multiple of {SHORTEST_SECONDS} seconds, was {bar_seconds}"
            )
        if not tradable.is_quoted or count <= 0:
            return []
        bar_ns = bar_seconds * NANOSECONDS_PER_SECOND
        samples: list[Bar] = []
        seen: set[int] = set()
        index = 0
        bar_start_ns = self._newest_bar_ns
        oldest_ns = self._newest_bar_ns - LONGEST_PAST_NS
        while bar_start_ns >= oldest_ns:
            if bar_start_ns < end_ns and tradable.hours.is_open(bar_start_ns):
                seen.add(bar_start_ns // bar_ns)
                if len(seen) > count:
                    break
                samples.append(self._sample_bar(tradable, index, bar_start_ns))
            index += 1
            bar_start_ns = self._newest_bar_ns - index * SAMPLE_NS
        samples.reverse()
        return fold(samples, bar_seconds)[-count:]

    def _sample_bar(self, tradable: Tradable, index: int, bar_start_ns: int) -> Bar:
        """Return the five-second bar of one sample, the same at every call."""
        common, gap = self._sample(index)
        fair = tradable.fair_ticks(common, gap)
        # A Random each would be slow: these are cheap mixes of the place and the seed.
        noise = ((index + self._seed * 7919) * 2654435761 >> 16) & 0xFFFF
        touch = round(fair - 0.5) + (noise & 1)
        wiggle = (noise >> 1) & 1
        price = float(tradable.instrument.price(touch))
        other = float(tradable.instrument.price(touch + (1 if wiggle else -1)))
        lively = activity(bar_start_ns)
        rate = tradable.habit.trades_per_second * tradable.habit.trade_lots * tradable.habit.lot
        volume = rate * tradable.volume_share * lively * SHORTEST_SECONDS * 0.5
        return Bar(
            bar_start_ns,
            SHORTEST_SECONDS,
            other,
            max(price, other),
            min(price, other),
            price,
            float(round(volume * (0.5 + (noise >> 2) / 16384.0))),
        )

    def _sample(self, index: int) -> tuple[float, float]:
        while len(self._samples) <= index:
            place = len(self._samples)
            middle_ns = self._newest_bar_ns - place * SAMPLE_NS + SAMPLE_NS // 2
            # While everything is closed the walk stands still: no news over a weekend.
            if self._is_open(middle_ns):
                self._walk.step(-float(SHORTEST_SECONDS), activity(middle_ns))
            gap = self._walk.background + self._gap.at(middle_ns)
            self._samples.append((self._walk.common, gap))
        return self._samples[index]
