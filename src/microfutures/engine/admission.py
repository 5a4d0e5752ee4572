"""Entries wait here until the broker has said what both legs cost in margin."""

import msgspec

from microfutures.engine.output import Preview
from microfutures.model.events import AccountReported, MarginPreviewed
from microfutures.model.identifiers import InstrumentId, IntentId
from microfutures.model.intents import Intent
from microfutures.risk.margin import margin_reason_against

PREVIEW_TIMEOUT_NS = 8_000_000_000


class Waiting(msgspec.Struct):
    """One entry and the previews that came for it."""

    intent: Intent
    asked_ns: int
    previews: dict[InstrumentId, MarginPreviewed]


class Admission:
    """Asks for margin previews and lets entries pass that the account can carry."""

    def __init__(self, *, headroom_percent: float) -> None:
        self._headroom_percent = headroom_percent
        self.waiting: dict[IntentId, Waiting] = {}
        """The entries that wait; to be read only."""

    def ask(self, intent: Intent) -> Preview:
        """Return the request for `intent`, whose legs are its trades: entries start flat."""
        self.waiting[intent.intent_id] = Waiting(intent, intent.time_ns, {})
        return Preview(intent.intent_id, intent.legs)

    def on_preview(
        self, preview: MarginPreviewed, account: AccountReported | None
    ) -> tuple[Intent, str | None] | None:
        """Take a preview; return the intent and what is against it once all legs are there."""
        waiting = self.waiting.get(preview.intent_id)
        if waiting is None:
            return None
        waiting.previews[preview.instrument_id] = preview
        legs = waiting.intent.legs
        if not preview.error and any(leg.instrument_id not in waiting.previews for leg in legs):
            return None
        del self.waiting[preview.intent_id]
        reason = margin_reason_against(waiting.previews.values(), account, self._headroom_percent)
        return waiting.intent, reason

    def overdue(self, now_ns: int) -> list[Intent]:
        """Return, and forget, the entries whose previews never came."""
        late = [
            waiting.intent
            for waiting in self.waiting.values()
            if now_ns - waiting.asked_ns > PREVIEW_TIMEOUT_NS
        ]
        for intent in late:
            del self.waiting[intent.intent_id]
        return late

    def restate(self, step_ns: int) -> None:
        """Go on by a clock that stepped."""
        for waiting in self.waiting.values():
            waiting.asked_ns += step_ns

    def drop_all(self) -> list[Intent]:
        """Forget every waiting entry and return them."""
        dropped = [waiting.intent for waiting in self.waiting.values()]
        self.waiting.clear()
        return dropped
