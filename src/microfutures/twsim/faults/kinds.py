"""Every fault by the name that scenario files and the control port know it by."""

from microfutures.twsim.faults import broker, connection, orders, quotes
from microfutures.twsim.faults.fault import Fault

KINDS: dict[str, type[Fault]] = {
    "socket_drop": connection.SocketDrop,
    "half_open": connection.HalfOpen,
    "slow_reader": connection.SlowReader,
    "split_packets": connection.SplitPackets,
    "merged_packets": connection.MergedPackets,
    "refused": connection.ConnectionRefused,
    "client_id_in_use": connection.ClientIdInUse,
    "port_change": connection.PortChange,
    "weekly_logout": connection.WeeklyLogout,
    "restart": connection.Restart,
    "link_loss": broker.BrokerLinkLoss,
    "nightly_reset": broker.NightlyReset,
    "farm_loss": broker.FarmLoss,
    "pacing": broker.PacingViolation,
    "no_subscription": broker.NoSubscription,
    "order_reject": orders.OrderReject,
    "silent_order": orders.SilentOrder,
    "partial_fill_stops": orders.PartialFillStops,
    "slow_cancel": orders.SlowCancel,
    "fill_before_acknowledgement": orders.FillBeforeAcknowledgement,
    "duplicated": orders.DuplicatedCallbacks,
    "reordered": orders.ReorderedCallbacks,
    "correction": orders.CorrectedExecution,
    "clock_off": orders.ClockOff,
    "crossed_quotes": quotes.CrossedQuotes,
    "absurd_prices": quotes.AbsurdPrices,
    "zero_prices": quotes.ZeroPrices,
    "negative_prices": quotes.NegativePrices,
    "quiet_leg": quotes.QuietLeg,
    "frozen_data": quotes.FrozenData,
    "delayed_data": quotes.DelayedData,
    "trading_halt": quotes.TradingHalt,
}
