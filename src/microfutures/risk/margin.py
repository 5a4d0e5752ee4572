"""Whether the account can carry an entry: both legs are previewed before either is sent."""

from collections.abc import Iterable
from decimal import Decimal

from microfutures.model.events import AccountReported, MarginPreviewed


def margin_reason_against(
    previews: Iterable[MarginPreviewed],
    account: AccountReported | None,
    headroom_percent: float,
) -> str | None:
    """Return what is missing, in USD; None when the account can carry all legs together.

    Legs are previewed one by one, so an offset between them is not counted on. A leg that lowers
    the margin on its own does not help the other either.
    """
    previews = list(previews)
    if not previews:
        return "no margin preview came"
    for preview in previews:
        if preview.error:
            return f"no margin preview of {preview.instrument_id}: {preview.error}"
        if not preview.initial_margin_change.is_finite():
            change = preview.initial_margin_change
            return f"the margin preview of {preview.instrument_id} is not a number: {change}"
    if account is None:
        return "the account's values are not known yet"
    if not (account.available_funds.is_finite() and account.net_liquidation.is_finite()):
        return f"the account's available funds are not a number: {account.available_funds}"
    needed = sum((max(each.initial_margin_change, Decimal(0)) for each in previews), Decimal(0))
    reserve = max(account.net_liquidation, Decimal(0)) * Decimal(str(headroom_percent)) / 100
    available = account.available_funds - reserve
    if needed <= available:
        return None
    return (
        f"needs {needed:,.2f} USD initial margin; {account.available_funds:,.2f} USD are available "
        f"less {reserve:,.2f} USD kept free: {needed - available:,.2f} USD are missing"
    )
