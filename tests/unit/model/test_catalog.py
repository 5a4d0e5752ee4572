"""The catalog: symbols, contract months, front month."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from microfutures.model import catalog
from microfutures.model.errors import InvalidValueError, UnknownInstrumentError
from microfutures.model.instrument import SecurityType

TUESDAY = date(2026, 9, 8)


def test_unknown_symbol_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UnknownInstrumentError, match=r"'MLC'; did you mean .*MCL"):
        catalog.spec("MLC")


def test_symbol_far_from_all_is_refused_with_the_list() -> None:
    with pytest.raises(UnknownInstrumentError, match="known: MCL, CL"):
        catalog.spec("@@@@@@")


def test_micro_oil_lists_its_next_months_in_order() -> None:
    listed = catalog.listed_contracts("MCL", TUESDAY)
    assert [contract.instrument_id for contract in listed[:4]] == [
        "MCLV6",
        "MCLX6",
        "MCLZ6",
        "MCLF7",
    ]
    assert listed[0].multiplier == 100
    assert listed[0].tick_size == Decimal("0.01")


def test_index_future_lists_quarters_only() -> None:
    listed = catalog.listed_contracts("MES", TUESDAY)
    assert [contract.instrument_id for contract in listed] == [
        "MESU6",
        "MESZ6",
        "MESH7",
        "MESM7",
        "MESU7",
    ]


def test_fund_lists_itself() -> None:
    (fund,) = catalog.listed_contracts("USO", TUESDAY)
    assert (fund.instrument_id, fund.security_type, fund.exchange) == (
        "USO",
        SecurityType.STOCK,
        "SMART",
    )
    assert fund.last_trade_date is None


def test_contract_on_its_last_day_is_listed_and_the_day_after_is_not() -> None:
    last_day = date(2026, 9, 21)
    assert catalog.listed_contracts("MCL", last_day)[0].instrument_id == "MCLV6"
    after = catalog.listed_contracts("MCL", date(2026, 9, 22))
    assert after[0].instrument_id == "MCLX6"


def test_front_contract_leaves_a_month_before_the_close_out_days() -> None:
    assert catalog.front_contract("MCL", TUESDAY).instrument_id == "MCLV6"
    assert catalog.front_contract("MCL", date(2026, 9, 14)).instrument_id == "MCLX6"


def test_every_contract_has_its_own_number_and_it_never_changes() -> None:
    contracts = [
        contract
        for symbol in catalog.symbols()
        for contract in catalog.listed_contracts(symbol, TUESDAY)
    ]
    assert len({contract.con_id for contract in contracts}) == len(contracts)
    later = catalog.listed_contracts("MCL", date(2026, 9, 9))
    assert later[0].con_id == catalog.listed_contracts("MCL", TUESDAY)[0].con_id


def test_months_ten_years_apart_differ_in_number_and_in_the_long_spelling() -> None:
    old = catalog.future("CL", 2007, 2, date(2007, 1, 2), year_digits=2)
    new = catalog.future("CL", 2017, 2, date(2017, 1, 3), year_digits=2)
    assert (old.instrument_id, new.instrument_id) == ("CLG07", "CLG17")
    assert old.con_id != new.con_id


def test_asking_a_fund_for_a_month_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="USO has no contract months"):
        catalog.future("USO", 2026, 10, TUESDAY)


@pytest.mark.parametrize("folder", ["nymex", "cme"])
def test_margins_are_the_latest_of_the_named_source(shared_dir: Path, folder: str) -> None:
    files = sorted((shared_dir / "data/lean/future" / folder / "margins").glob("*.csv"))
    assert files
    for path in files:
        day, initial, maintenance = path.read_text().split()[-1].split(",")
        margin = catalog.spec(path.stem).margin
        assert margin is not None
        assert (margin.initial, margin.maintenance) == (Decimal(initial), Decimal(maintenance))
        assert margin.as_of.replace("-", "") == day
