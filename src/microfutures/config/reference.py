"""The one table of settings: what each means, its unit and its flag.

Types, ranges and defaults are asked of the structs, so they can't drift. The reference in the
documentation, the commented starting file and the help of the command line are made from here.
"""

import json
from collections.abc import Iterator

import msgspec
from msgspec import structs

from microfutures.config.fields import admitted
from microfutures.config.settings import DEFAULT_STRATEGY, Section, Settings, StrategySettings
from microfutures.config.strategy_parameters import PairParameters

ANY_STRATEGY = "strategies.<name>"


class Setting(msgspec.Struct, frozen=True):
    """One row."""

    path: str
    text: str
    unit: str = ""
    flag: str = ""


_P = f"{ANY_STRATEGY}.parameters"

SETTINGS: tuple[Setting, ...] = (
    Setting("connection.host", "TWS host address", "", "--host"),
    Setting(
        "connection.port",
        "TWS port (7497 paper, 7496 live; Gateway: 4002 paper, 4001 live)",
        "",
        "--port",
    ),
    Setting(
        "connection.client_id",
        "API client id; each program at one TWS needs its own",
        "",
        "--client-id",
    ),
    Setting(
        "connection.live",
        "allow an account with real money on a port that is not a known live port",
        "",
        "--live",
    ),
    Setting("connection.connect_timeout", "give one attempt to connect up after", "seconds"),
    Setting("trading.initial_capital", "initial capital", "USD", "--capital"),
    Setting("trading.check_interval", "time between signal checks", "seconds", "--check-interval"),
    Setting(
        "trading.risk_tolerance",
        "share of max_loss_percent that one trade may lose at its stop",
    ),
    Setting(
        "trading.keep_positions",
        "leave positions open at exit instead of closing them",
        "",
        "--keep-positions",
    ),
    Setting("trading.flatten_timeout", "wait this long for positions to close at exit", "seconds"),
    Setting("logging.log_dir", "directory for log files", "", "--log-dir"),
    Setting("logging.log_interval", "time between log exports", "seconds", "--log-interval"),
    Setting("logging.level", "least important lines of trading_system.log"),
    Setting("logging.keep_exports", "newest exports to keep of each kind", "files"),
    Setting(
        "display.display_interval",
        "time between dashboard updates",
        "seconds",
        "--display-interval",
    ),
    Setting(
        "display.mode",
        "dashboard, plain lines or nothing; auto looks for a terminal",
        "",
        "--display",
    ),
    Setting("risk.max_order_contracts", "largest single order in futures", "contracts"),
    Setting("risk.max_order_shares", "largest single order in shares", "shares"),
    Setting("risk.max_position_contracts", "largest position in one future", "contracts"),
    Setting("risk.max_position_shares", "largest position in one share", "shares"),
    Setting(
        "risk.max_strategy_notional",
        "what a strategy holds may not be worth more, both legs added up",
        "USD",
    ),
    Setting(
        "risk.max_family_notional",
        "what all strategies hold of products that move together may not be worth more, gross",
        "USD",
    ),
    Setting(
        "risk.max_family_net_notional",
        "nor may it lean further to one side, purchases less sales",
        "USD",
    ),
    Setting(
        "risk.price_collar_percent",
        "a limit price lies within this share of the touch, or price_collar_ticks if that is more",
        "percent",
    ),
    Setting("risk.price_collar_ticks", "see price_collar_percent", "ticks"),
    Setting("risk.max_quote_age_seconds", "no entry on an older quote", "seconds"),
    Setting(
        "risk.max_quote_jump_percent",
        "a price that moves further than this share, or max_quote_jump_ticks if that is more, is "
        "not traded on until it has stayed there for 60 s",
        "percent",
    ),
    Setting("risk.max_quote_jump_ticks", "see max_quote_jump_percent", "ticks"),
    Setting("risk.max_open_orders", "no entry while so many orders work", "orders"),
    Setting("risk.max_orders_per_window", "most orders in rate_window_seconds", "orders"),
    Setting("risk.max_identical_orders", "most orders alike in rate_window_seconds", "orders"),
    Setting("risk.rate_window_seconds", "stretch that the two limits above count in", "seconds"),
    Setting(
        "risk.max_daily_loss_percent",
        "no entry once the day's net loss is this share of the capital",
        "percent",
    ),
    Setting(
        "risk.max_drawdown_percent",
        "no entry once the capital is so far below its peak",
        "percent",
    ),
    Setting(
        "risk.flatten_drawdown_percent",
        "at such a drawdown everything is closed and the desk halted until `resume`",
        "percent",
    ),
    Setting(
        "risk.max_trip_loss_percent",
        "a round trip that lost this share of the initial capital is closed",
        "percent",
    ),
    Setting(
        "risk.max_rejections",
        "so many orders rejected by the broker in rejection_window_seconds halt the desk",
        "orders",
    ),
    Setting("risk.rejection_window_seconds", "stretch that rejections are counted in", "seconds"),
    Setting(
        "risk.max_clock_step_seconds",
        "a broker's clock that jumps further while connected halts the desk",
        "seconds",
    ),
    Setting(
        "risk.margin_headroom_percent",
        "share of the equity that stays free of margin after an entry",
        "percent",
    ),
    Setting(
        f"{ANY_STRATEGY}.class", "strategy that runs under this name; the name itself if left out"
    ),
    Setting(f"{ANY_STRATEGY}.active", "whether it trades; if not, it only watches"),
    Setting(f"{ANY_STRATEGY}.allocation", "share of the portfolio's capital", "percent"),
    Setting(f"{_P}.primary_symbol", "product of the first, less liquid leg"),
    Setting(f"{_P}.secondary_symbol", "product of the second leg, the hedge"),
    Setting(f"{_P}.z_entry", "enter when the z-score is this far from zero; above z_exit", "σ"),
    Setting(f"{_P}.z_exit", "exit when the z-score is this near to zero", "σ"),
    Setting(f"{_P}.lookback", "samples for mean and standard deviation of the spread", "samples"),
    Setting(f"{_P}.sample_seconds", "one sample of the spread for each such stretch", "seconds"),
    Setting(
        f"{_P}.max_jump_percent",
        "a ratio that moves further between samples is a split, a roll or a bad print",
        "percent",
    ),
    Setting(f"{_P}.stop_sigma", "the protective stop lies this far beyond the entry", "σ"),
    Setting(
        f"{_P}.cost_multiple",
        "an entry must be expected to earn this many times its costs; 0 switches the gate off",
        "times",
    ),
    Setting(f"{_P}.max_quote_age_seconds", "older quotes are not traded on", "seconds"),
    Setting(f"{_P}.max_units", "largest position in the primary leg", "contracts"),
    Setting(
        f"{_P}.max_loss_percent",
        "a trade may lose risk_tolerance times this share of the strategy's capital at its stop",
        "percent",
    ),
    Setting(f"{_P}.hedge_beta", "value of the hedge leg for each dollar of the primary leg", "USD"),
    Setting(
        f"{_P}.flatten_before_close_seconds",
        "close positions this long before the liquid hours of either leg end",
        "seconds",
    ),
    Setting(f"{_P}.max_holding_seconds", "close a position that is older", "seconds"),
    Setting(f"{_P}.cooldown_seconds", "no new entry for so long after a round trip", "seconds"),
    Setting(
        f"{_P}.max_unhedged_loss", "give an entry up when its lone first leg loses more", "USD"
    ),
    Setting(
        f"{_P}.max_unhedged_seconds",
        "give an entry up whose second leg is not on by then",
        "seconds",
    ),
)

FLAGS: dict[str, str] = {row.path: row.flag for row in SETTINGS if row.flag}
"""The flag of each setting that has one."""


def leaf_fields() -> Iterator[tuple[str, structs.FieldInfo]]:
    """Yield path and type of every setting, in the order of the structs."""
    for name in ("connection", "trading", "logging", "display", "risk"):
        section = structs.fields(Settings)[_index(Settings, name)].type
        yield from ((f"{name}.{each.encode_name}", each) for each in structs.fields(section))
    for each in structs.fields(StrategySettings):
        if each.name != "parameters":
            yield f"{ANY_STRATEGY}.{each.encode_name}", each
    yield from ((f"{_P}.{each.encode_name}", each) for each in structs.fields(PairParameters))


def _index(section: type[Section], name: str) -> int:
    return [each.name for each in structs.fields(section)].index(name)


FIELDS: dict[str, structs.FieldInfo] = dict(leaf_fields())
"""The struct's field of each setting."""


def default_of(path: str) -> object:
    """Return the default of a setting as a JSON value."""
    if path == f"{ANY_STRATEGY}.class":
        return DEFAULT_STRATEGY
    return msgspec.to_builtins(FIELDS[path].default)


def default_words(path: str) -> str:
    """Return the default as people write it: ``2000``, not ``2000.0``; text without quotes."""
    value = default_of(path)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value)


def markdown() -> str:
    """Return the reference as a Markdown table."""
    lines = ["| setting | meaning | range | default | flag |", "|---|---|---|---|---|"]
    for row in SETTINGS:
        unit = f", {row.unit}" if row.unit else ""
        flag = f"`{row.flag}`" if row.flag else ""
        lines.append(
            f"| `{row.path}` | {row.text}{unit} | {admitted(FIELDS[row.path].type)} "
            f"| `{default_words(row.path)}` | {flag} |"
        )
    return "\n".join(lines) + "\n"
