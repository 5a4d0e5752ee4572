"""Live money is traded only when asked for."""

from microfutures.config.settings import LIVE_PORTS


def reason_against(
    accounts: list[str], *, port: int, port_given: bool, live_given: bool
) -> str | None:
    """Return why these accounts may not be traded; None when they may.

    Paper accounts begin with ``D``. Any other needs a known live port that was given explicitly, or
    ``--live``.
    """
    live = [account for account in accounts if not account.startswith("D")]
    if not live or live_given or (port_given and port in LIVE_PORTS):
        return None
    return (
        f"account {', '.join(live)} is a live account; to trade real money give its port "
        f"explicitly (--port {LIVE_PORTS[0]} or {LIVE_PORTS[1]}) or --live; refused"
    )
