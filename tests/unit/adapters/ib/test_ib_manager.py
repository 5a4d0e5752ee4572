"""The façade: settings, ports, and what of ib_async is let through."""

import json
import logging
from pathlib import Path

import pytest

from microfutures.adapters.ib import IBManager
from microfutures.adapters.system_clock import SimulatedClock
from microfutures.model.errors import ConfigurationError
from microfutures.model.identifiers import InstrumentId, Symbol
from microfutures.ports.broker import Broker
from microfutures.ports.clock import Clock
from microfutures.ports.view import BrokerView


def config(directory: Path, **connection: object) -> Path:
    path = directory / "config.json"
    path.write_text(json.dumps({"connection": connection}))
    return path


def test_the_defaults_are_those_of_the_contract() -> None:
    settings = IBManager().settings
    assert (settings.host, settings.port, settings.client_id) == ("127.0.0.1", 7497, 1)
    assert not settings.port_given


def test_the_file_stands_in_for_what_was_left_at_its_default(tmp_path: Path) -> None:
    path = config(tmp_path, host="10.0.0.9", port=4002, client_id=7)
    settings = IBManager(config_path=path).settings
    assert (settings.host, settings.port, settings.client_id) == ("10.0.0.9", 4002, 7)
    settings = IBManager("192.168.1.5", client_id=3, config_path=str(path)).settings
    assert (settings.host, settings.port, settings.client_id) == ("192.168.1.5", 4002, 3)


def test_a_wrong_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="port"):
        IBManager(config_path=config(tmp_path, port=99_999))


def test_a_live_port_in_the_call_is_a_live_port_given() -> None:
    assert IBManager(port=7496).settings.port_given
    assert not IBManager(port=7496, port_given=False).settings.port_given


def test_it_is_a_broker_a_view_and_has_a_clock() -> None:
    manager = IBManager()
    broker: Broker = manager
    view: BrokerView = manager
    clock: Clock = manager.clock
    assert {broker, view} == {manager}
    assert clock.now_ns() > 0


def test_before_the_first_connection_everything_is_empty() -> None:
    manager = IBManager(symbols=["MCL"])
    assert not manager.is_connected
    assert manager.instrument(Symbol("MCL")) is None
    assert manager.instrument_by_id(InstrumentId("MCLV6")) is None
    assert manager.quote(InstrumentId("MCLV6")) is None
    assert manager.history(InstrumentId("MCLV6")) == ()
    manager.request_state()
    manager.request_history(InstrumentId("MCLV6"))


def test_ib_async_writes_nowhere_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    manager = IBManager(port=9, clock=SimulatedClock(0, speed=1_000.0))
    manager.connect()
    manager.disconnect()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "ib_async" not in captured.err
    assert not logging.getLogger("ib_async").propagate
