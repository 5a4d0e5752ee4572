"""Contracts, read back by both clients."""

from datetime import date, time

import pytest

from helpers.decoders import VERSIONS, read_by_both, read_by_ib_async, read_by_ibapi
from microfutures.model.catalog import listed_contracts
from microfutures.model.instrument import Instrument
from microfutures.model.trading_hours import NEW_YORK, moment_ns
from microfutures.twsim.contracts.details import ISINS, details_message, hours_text
from microfutures.twsim.contracts.lookup import (
    ContractQuery,
    contract_month,
    find,
    is_expired,
)

TUESDAY = date(2026, 9, 8)

NOW = moment_ns(TUESDAY, time(10), NEW_YORK)


def listed(*symbols: str) -> list[Instrument]:
    return [each for symbol in symbols for each in listed_contracts(symbol, TUESDAY)]


def query(**fields: object) -> ContractQuery:
    names = ContractQuery.__struct_fields__
    blank = {name: 0 if name == "con_id" else "" for name in names}
    return ContractQuery(**{**blank, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize("version", [*VERSIONS, 158])
def test_both_clients_read_a_future_as_it_is(version: int) -> None:
    instrument = next(each for each in listed("MCL") if each.instrument_id == "MCLX6")
    message = details_message(version, 7, instrument, exchange="NYMEX", now_ns=NOW)
    for name, (request_id, details) in read_by_both(version, message):
        assert (name, request_id) == ("contractDetails", 7)
        contract = details.contract
        assert (contract.symbol, contract.secType, contract.localSymbol) == ("MCL", "FUT", "MCLX6")
        assert contract.conId == instrument.con_id
        assert contract.lastTradeDateOrContractMonth == "20261019"
        assert (details.lastTradeTime, details.timeZoneId) == ("14:30", "US/Eastern")
        assert (contract.exchange, contract.currency, contract.multiplier) == (
            "NYMEX",
            "USD",
            "100",
        )
        assert (details.minTick, details.contractMonth) == (0.01, "202611")
        assert details.realExpirationDate == "20261019"
        assert details.longName == instrument.description
        assert details.validExchanges == "NYMEX,QBALGO"
        assert len(details.marketRuleIds.split(",")) == 2
        assert "20260907:1800-20260908:1700" in details.tradingHours
        assert "20260908:0930-20260908:1700" in details.liquidHours
        if version >= 164:
            assert (float(details.minSize), float(details.sizeIncrement)) == (1, 1)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("symbol", "identifiers"), [("TSLA", [("ISIN", "US88160R1014")]), ("UNG", []), ("EUR.USD", [])]
)
def test_share_names_its_isin(
    version: int, symbol: str, identifiers: list[tuple[str, str]]
) -> None:
    (instrument,) = listed(symbol)
    message = details_message(version, 7, instrument, exchange="SMART", now_ns=NOW)
    for _, (_, details) in read_by_both(version, message):
        told = [(each.tag, each.value) for each in details.secIdList or []]
        assert told == identifiers
        assert details.longName == instrument.description


def test_isins_are_spelled_right() -> None:
    for isin in ISINS.values():
        digits = "".join(str(int(letter, 36)) for letter in isin)
        doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
        assert sum(value // 10 + value % 10 for value in doubled) % 10 == 0, isin


@pytest.mark.parametrize("version", VERSIONS)
def test_both_clients_read_a_fund_as_it_is(version: int) -> None:
    (instrument,) = listed("USO")
    message = details_message(version, 8, instrument, exchange="SMART", now_ns=NOW)
    for _, (_, details) in read_by_both(version, message):
        assert (details.contract.primaryExchange, details.stockType) == ("ARCA", "ETF")
        assert details.contract.lastTradeDateOrContractMonth == ""
        assert "20260912:CLOSED" in details.liquidHours
        if version >= 164:
            assert float(details.suggestedSizeIncrement) == 100


def test_index_future_is_told_in_the_time_of_chicago() -> None:
    instrument = listed("MES")[0]
    message = details_message(178, 1, instrument, exchange="CME", now_ns=NOW)
    for read in (read_by_ibapi, read_by_ib_async):
        ((_, (_, details)),) = read(178, message)
        assert (details.lastTradeTime, details.timeZoneId) == ("08:30", "US/Central")
        assert "20260907:1700-20260908:1600" in details.tradingHours


def test_weekend_is_written_like_tws_writes_it() -> None:
    (friday_to_monday,) = [each for each in listed("MES") if each.instrument_id == "MESU6"]
    text = hours_text(friday_to_monday.trading_hours, "US/Central", NOW)
    assert "20260912:CLOSED;20260913:1700-20260914:1600" in text


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"symbol": "MCL", "security_type": "FUT", "exchange": "NYMEX"}, 12),
        ({"symbol": "MCL", "security_type": "FUT", "exchange": "CME"}, 0),
        ({"symbol": "MCL", "security_type": "CONTFUT", "exchange": "NYMEX"}, 1),
        ({"symbol": "MCL", "expiry": "202611"}, 1),
        ({"symbol": "MCL", "expiry": "20261019"}, 1),
        ({"symbol": "MCL", "expiry": "2026"}, 0),
        ({"local_symbol": "MCLX6"}, 1),
        ({"local_symbol": "MCLX6", "multiplier": "1000"}, 0),
        ({"symbol": "USO", "security_type": "STK", "exchange": "SMART", "currency": "USD"}, 1),
        ({"symbol": "USO", "exchange": "ARCA", "primary_exchange": "ARCA"}, 1),
        ({"symbol": "uso", "exchange": "SMART"}, 1),
        ({"symbol": "USO", "currency": "EUR"}, 0),
        ({"symbol": "NOSUCH"}, 0),
        ({}, 0),
    ],
)
def test_query_finds_what_it_describes(fields: dict[str, object], count: int) -> None:
    found = find(listed("MCL", "USO"), query(**fields), now_ns=NOW)
    assert len(found) == count


def test_contract_number_wins_and_nearest_month_comes_first() -> None:
    months = find(listed("MCL", "USO"), query(symbol="MCL"), now_ns=NOW)
    expiries = [each.last_trade_date for each in months]
    assert expiries == sorted(each for each in expiries if each is not None)
    (found,) = find(listed("MCL"), query(con_id=months[3].con_id, symbol="WRONG"), now_ns=NOW)
    assert found == months[3]


def test_expired_contract_is_found_only_when_asked_for() -> None:
    front = listed("MCL")[0]
    later = NOW + 60 * 86_400 * 1_000_000_000
    assert is_expired(front, later)
    wanted = query(con_id=front.con_id)
    assert find([front], wanted, now_ns=later) == []
    assert find([front], wanted, now_ns=later, includes_expired=True) == [front]


def test_contract_month_is_the_one_of_the_name_and_not_of_the_last_day() -> None:
    months = {str(each.instrument_id): contract_month(each) for each in listed("MCL", "MES")}
    assert months["MCLF7"] == "202701"
    assert months["MCLX6"] == "202611"
    assert months["MESZ6"] == "202612"
