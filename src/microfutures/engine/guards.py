"""What ends positions when money is lost, whatever a strategy thinks: trip loss and drawdown."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from microfutures.config.risk_limits import RiskLimits
from microfutures.engine.commands import CommandDesk
from microfutures.engine.floor import TradingFloor
from microfutures.engine.output import OutputBuilder
from microfutures.engine.state import DeskState
from microfutures.engine.voice import Voice
from microfutures.model.events import Severity
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND
from microfutures.strategies.base import Strategy

MARK_NS = 60 * NANOSECONDS_PER_SECOND


class EquityMark(msgspec.Struct, frozen=True):
    """What the capital was worth, USD, and the most it ever was since the last `resume`."""

    capital: Decimal
    peak: Decimal


class LossGuard:
    """Looks at each check: a trip that lost too much goes, a drawdown too deep ends trading."""

    def __init__(
        self,
        *,
        state: DeskState,
        floor: TradingFloor,
        commands: CommandDesk,
        strategies: Sequence[Strategy],
        limits: RiskLimits,
        voice: Voice,
        out: OutputBuilder,
    ) -> None:
        self._state = state
        self._portfolio = state.portfolio
        self._floor = floor
        self._commands = commands
        self._strategies = strategies
        self._limits = limits
        self._voice = voice
        self._out = out
        self._most_trip_loss = state.portfolio.initial_capital * _percent(
            limits.max_trip_loss_percent
        )
        """USD."""
        self._next_mark_ns = 0
        self._marked_peak = Decimal("-Infinity")
        self._has_halted = False
        self._sound_version = -1
        """Of the portfolio's values, when nothing was to be done about them."""

    def check(self) -> None:
        """Act on what the positions are worth now."""
        portfolio = self._portfolio
        is_changed = portfolio.version != self._sound_version
        is_due = is_changed or self._state.time_ns >= self._next_mark_ns
        if is_due and self._out.is_recording:
            self._mark_equity()
        if is_changed and not self._check_drawdown() and not self._check_trips():
            self._sound_version = portfolio.version

    def _mark_equity(self) -> None:
        portfolio, now_ns, peak = self._portfolio, self._state.time_ns, self._portfolio.peak_capital
        # A peak that was earned counts for the next start too, however soon this one ends.
        is_earned = peak > self._marked_peak and not portfolio.positions
        if now_ns >= self._next_mark_ns or is_earned:
            self._next_mark_ns = now_ns + MARK_NS
            self._marked_peak = peak
            mark = EquityMark(portfolio.current_capital, portfolio.peak_capital)
            self._out.record("equity", "EquityMark", mark)

    def _check_drawdown(self) -> bool:
        """Close everything and halt at the deepest drawdown; tell whether it is that deep."""
        drawdown = self._portfolio.drawdown_percent
        limit = self._limits.flatten_drawdown_percent
        if drawdown < limit:
            self._has_halted = False
            return False
        if not self._has_halted:
            self._has_halted = True
            reason = f"the capital is {drawdown:.1f} % below its peak, at most {limit:g} %"
            self._commands.halt(reason)
            self._voice.say(Severity.ERROR, f"halted, closing all positions: {reason}")
        for strategy in self._strategies:
            self._floor.flatten(strategy, self._state.pause_reason)
        return True

    def _check_trips(self) -> bool:
        """Close what lost too much; tell whether anything did."""
        allowed, has_lost = self._most_trip_loss, False
        for strategy in self._strategies:
            net = self._portfolio.open_trip_net(strategy.name)
            if net is not None and net < -allowed:
                reason = f"the round trip lost {-net:,.2f} USD, at most {allowed:,.2f} USD"
                self._floor.flatten(strategy, reason)
                has_lost = True
        return has_lost


def _percent(share: float) -> Decimal:
    return Decimal(repr(share)) / 100
