"""Commissions against the examples and rates that IB publishes."""

from decimal import Decimal

import pytest

from microfutures.model import catalog, fees
from microfutures.model.errors import UnknownInstrumentError
from microfutures.model.instrument import SecurityType


@pytest.mark.parametrize(
    ("symbol", "quantity", "price", "expected"),
    [
        # The three examples of IB's page on fixed pricing of stocks.
        ("USO", 100, "25", "1.00"),
        ("USO", 1000, "25", "5.00"),
        ("USO", 1000, "0.25", "2.50"),
        ("USO", 1, "2", "0.02"),
        ("USO", -300, "77", "1.50"),
        # 0.25 + 0.50 + 0.02 and 0.25 + 0.35 + 0.02
        ("MCL", 1, "70", "0.77"),
        ("MCL", -3, "-37.63", "2.31"),
        ("MES", 2, "6000", "1.24"),
        ("CL", 1, "70", "2.37"),
        ("MCL", 0, "70", "0"),
    ],
)
def test_commission_is_the_published_rate(
    symbol: str, quantity: int, price: str, expected: str
) -> None:
    assert fees.commission(symbol, quantity, Decimal(price)) == Decimal(expected)


def test_every_future_of_the_catalog_has_a_rate() -> None:
    futures = {
        symbol
        for symbol in catalog.symbols()
        if catalog.spec(symbol).security_type is SecurityType.FUTURE
    }
    assert futures == set(fees.FUTURE_RATES)


def test_unknown_symbol_has_no_commission() -> None:
    with pytest.raises(UnknownInstrumentError, match="'XYZ123'"):
        fees.commission("XYZ123", 1, Decimal(1))
