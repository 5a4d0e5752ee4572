import pytest

from microfutures.adapters.log_exports import event_line
from microfutures.adapters.log_masks import hide_accounts
from microfutures.ports.journal import JournalRecord


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("account DU1000001 and its orders", "account DU***01 and its orders"),
        ("U1234567, DF123456 and F7654321", "U***67, DF***56 and F***21"),
        ('{"account":"DU1000001","cash":"1"}', '{"account":"DU***01","cash":"1"}'),
        ("order mf1-tp8dog-2-1 of MCLU6 at 70.02", "order mf1-tp8dog-2-1 of MCLU6 at 70.02"),
        ("XU1234567 and U12", "XU1234567 and U12"),
    ],
)
def test_account_ids_are_hidden_and_nothing_else(text: str, shown: str) -> None:
    assert hide_accounts(text) == shown


def test_an_export_hides_the_account() -> None:
    record = JournalRecord(1, 0, "system", "AccountReported", b'{"account":"DU1000001"}')
    assert b"DU1000001" not in event_line(record)
    assert b"DU***01" in event_line(record)
