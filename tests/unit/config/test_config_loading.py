import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microfutures.config import Origin, Settings, load_settings, load_with_origins
from microfutures.config.fields import InvalidSettingError, checked
from microfutures.config.reference import FIELDS
from microfutures.config.settings import PARAMETERS_OF
from microfutures.model.errors import ConfigurationError
from microfutures.strategies.registry import STRATEGIES

OIL = "MicroCrudeOilArbitrage"
PARAMETERS = f"strategies.{OIL}.parameters"

SPECIFICATION = {
    "connection": {"host": "127.0.0.1", "port": 7497, "client_id": 1},
    "trading": {"initial_capital": 2000, "check_interval": 5, "risk_tolerance": 0.5},
    "logging": {"log_dir": "logs", "log_interval": 3600},
    "display": {"display_interval": 15},
    "strategies": {
        OIL: {
            "active": True,
            "allocation": 100,
            "parameters": {
                "primary_symbol": "MCL",
                "secondary_symbol": "USO",
                "z_entry": 2.0,
                "z_exit": 0.5,
                "lookback": 20,
            },
        }
    },
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.json"


def write(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document))
    return path


def strategy(**settings: object) -> dict[str, object]:
    return {"strategies": {OIL: settings}}


def parameters(**values: object) -> dict[str, object]:
    return strategy(parameters=values)


def error_of(path: Path, document: object) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(write(path, document))
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    return text.removeprefix(f"{path}: ")


def test_the_specifications_example_is_the_default(path: Path) -> None:
    assert (
        load_settings(write(path, SPECIFICATION))
        == load_settings(None)
        == load_settings(write(path, {}))
    )


def test_defaults_are_those_of_the_specification() -> None:
    settings = load_settings(None)
    assert settings.connection.host == "127.0.0.1"
    assert (settings.connection.port, settings.connection.client_id) == (7497, 1)
    assert (settings.trading.initial_capital, settings.trading.check_interval) == (2000, 5)
    assert settings.trading.risk_tolerance == 0.5
    assert (settings.logging.log_dir, settings.logging.log_interval) == ("logs", 3600)
    assert settings.display.display_interval == 15
    assert settings.strategies[OIL].active
    assert settings.strategies[OIL].allocation == 100
    assert settings.strategies[OIL].strategy_class == OIL


def test_a_flag_wins_over_the_file_and_the_file_over_the_default(path: Path) -> None:
    write(path, {"connection": {"port": 4002, "client_id": 9}})
    loaded = load_with_origins(path, {"connection.port": 7496, "connection.host": None})
    assert loaded.settings.connection.port == 7496
    assert loaded.settings.connection.client_id == 9
    assert loaded.settings.connection.host == "127.0.0.1"
    assert loaded.origins["connection.port"] is Origin.FLAG
    assert loaded.origins["connection.client_id"] is Origin.FILE
    assert loaded.origins["connection.host"] is Origin.DEFAULT


def test_a_flag_that_repeats_the_default_still_wins_over_the_file(path: Path) -> None:
    write(path, {"connection": {"port": 4002}})
    assert load_settings(path, {"connection.port": 7497}).connection.port == 7497


def test_every_setting_has_an_origin() -> None:
    origins = load_with_origins(None).origins
    assert set(origins) == {name.replace("<name>", OIL) for name in FIELDS}
    assert set(origins.values()) == {Origin.DEFAULT}


def test_strategies_of_ones_own_names_share_a_class(path: Path) -> None:
    document = {
        "strategies": {
            "oil": {"class": OIL, "allocation": 60},
            "stocks": {
                "class": OIL,
                "allocation": 40,
                "active": False,
                "parameters": {"primary_symbol": "MES", "secondary_symbol": "SPY"},
            },
        }
    }
    strategies = load_settings(write(path, document)).strategies
    assert list(strategies) == ["oil", "stocks"]
    assert strategies["stocks"].strategy_class == OIL
    assert strategies["stocks"].parameters.primary_symbol == "MES"
    assert not strategies["stocks"].active


def test_no_strategies_at_all_is_allowed(path: Path) -> None:
    assert load_settings(write(path, {"strategies": {}})).strategies == {}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            {"connection": {"port": 70_000}},
            "connection.port must be a whole number from 1 to 65535, was 70000",
        ),
        (
            {"connection": {"port": "7497"}},
            'connection.port must be a whole number from 1 to 65535, was "7497"',
        ),
        (
            {"connection": {"port": True}},
            "connection.port must be a whole number from 1 to 65535, was true",
        ),
        (
            {"connection": {"port": 7497.5}},
            "connection.port must be a whole number from 1 to 65535, was 7497.5",
        ),
        (
            {"connection": {"client_id": -1}},
            "connection.client_id must be a whole number from 0 to 2147483647, was -1",
        ),
        (
            {"connection": {"host": ""}},
            'connection.host must be a host name or address, was ""',
        ),
        (
            {"connection": {"host": "a b"}},
            'connection.host must be a host name or address, was "a b"',
        ),
        (
            {"connection": {"live": "yes"}},
            'connection.live must be true or false, was "yes"',
        ),
        ({"connection": []}, "connection must be an object, {...}, was []"),
        ({"connection": None}, "connection must be an object, {...}, was null"),
        (
            {"trading": {"initial_capital": -5}},
            "trading.initial_capital must be a number above 0, at most 1000000000, was -5",
        ),
        (
            {"trading": {"initial_capital": None}},
            "trading.initial_capital must be a number above 0, at most 1000000000, was null",
        ),
        (
            {"trading": {"risk_tolerance": 1.5}},
            "trading.risk_tolerance must be a number above 0, at most 1, was 1.5",
        ),
        (
            {"trading": {"check_interval": 0}},
            "trading.check_interval must be a number above 0, at most 3600, was 0",
        ),
        (
            {"display": {"mode": "pretty"}},
            'display.mode must be one of "auto", "rich", "plain", "none", was "pretty"',
        ),
        ({"conection": {}}, "'conection' is no setting; did you mean 'connection'?"),
        (
            {"connection": {"prot": 1}},
            "'connection.prot' is no setting; did you mean 'port'?",
        ),
        (
            parameters(z_entri=2),
            f"'{PARAMETERS}.z_entri' is no setting; did you mean 'z_entry'?",
        ),
        (
            parameters(lookback=1),
            f"{PARAMETERS}.lookback must be a whole number from 2 to 100000, was 1",
        ),
        (
            parameters(z_entry=0.5),
            f"{PARAMETERS}.z_entry must be above z_exit, was 0.5 with z_exit 0.5",
        ),
        (
            parameters(z_entry=-2),
            f"{PARAMETERS}.z_entry must be a number above 0, was -2",
        ),
        (
            strategy(allocation=120),
            f"strategies.{OIL}.allocation must be a number from 0 to 100, was 120",
        ),
        (strategy(parameters=3), f"{PARAMETERS} must be an object, {{...}}, was 3"),
    ],
)
def test_wrong_values_name_path_range_and_value(
    path: Path, document: object, expected: str
) -> None:
    assert error_of(path, document) == expected


def test_infinite_numbers_are_refused(path: Path) -> None:
    path.write_text('{"trading": {"initial_capital": 1e999}}')
    with pytest.raises(ConfigurationError, match="at most 1000000000, was inf"):
        load_settings(path)
    path.write_text(json.dumps(parameters(max_holding_seconds=0)).replace(" 0}", " 1e999}"))
    with pytest.raises(ConfigurationError, match=r"max_holding_seconds must be .* was inf"):
        load_settings(path)


def test_allocations_over_a_hundred_percent_are_added_up(path: Path) -> None:
    document = {"strategies": {"a": {"class": OIL, "allocation": 60.5}, OIL: {"allocation": 40}}}
    assert "add up to 100.5 percent, at most 100: a 60.5" in error_of(path, document)


def test_allocations_that_only_round_above_a_hundred_are_fine(path: Path) -> None:
    shares = {f"s{n}": {"class": OIL, "allocation": 100 / 7} for n in range(7)}
    assert len(load_settings(write(path, {"strategies": shares})).strategies) == 7


def test_an_unknown_strategy_gets_a_suggestion(path: Path) -> None:
    assert "did you mean 'MicroCrudeOilArbitrage'?" in error_of(
        path, {"strategies": {"MicroCrudeOilArbitrag": {}}}
    )
    assert "class" in error_of(path, {"strategies": {"Mine": {}}})
    assert 'class "X" is no strategy' in error_of(path, strategy(**{"class": "X"}))
    assert "class 3 is no strategy" in error_of(path, strategy(**{"class": 3}))


def test_a_strategys_name_is_plain(path: Path) -> None:
    assert "a name has 1 to 40" in error_of(path, {"strategies": {"a b": {"class": OIL}}})
    assert "a name has 1 to 40" in error_of(path, {"strategies": {"": {"class": OIL}}})


def test_an_unknown_symbol_gets_a_suggestion(path: Path) -> None:
    error = error_of(path, parameters(primary_symbol="MLC"))
    assert error.startswith(f"{PARAMETERS}.primary_symbol: ")
    assert "MCL" in error


@pytest.mark.parametrize("symbol", ["EUR.USD", "SPX"])
def test_a_symbol_that_no_strategy_can_trade_is_refused(path: Path, symbol: str) -> None:
    error = error_of(path, parameters(primary_symbol=symbol))
    assert error == f"{PARAMETERS}.primary_symbol: {symbol} is neither a future nor a fund"


def test_a_pair_of_one_symbol_is_refused(path: Path) -> None:
    assert "two symbols" in error_of(path, parameters(primary_symbol="USO"))


def test_a_wrong_flag_is_named_by_its_flag(path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(write(path, {}), {"connection.port": 70_000})
    assert str(caught.value) == "--port must be a whole number from 1 to 65535, was 70000"


def test_an_override_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"did you mean 'connection\.port'"):
        load_settings(None, {"connection.prot": 1})


def test_overrides_reach_a_strategys_parameters() -> None:
    settings = load_settings(None, {f"{PARAMETERS}.z_entry": 3})
    assert settings.strategies[OIL].parameters.z_entry == 3.0


def test_settings_cannot_be_changed() -> None:
    connection: Any = load_settings(None).connection
    with pytest.raises(AttributeError):
        connection.port = 1


def test_config_knows_the_strategies_of_the_registry() -> None:
    assert set(PARAMETERS_OF) == set(STRATEGIES)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)


def outcome_of(path: str, value: object) -> tuple[bool, object]:
    try:
        return True, checked(FIELDS[path].type, value)
    except InvalidSettingError as error:
        return False, str(error)


@given(path=st.sampled_from(sorted(FIELDS)), value=_JSON)
def test_every_setting_takes_a_value_or_refuses_it_in_one_line(path: str, value: object) -> None:
    is_taken, result = outcome_of(path, value)
    if is_taken:
        assert result == value
    else:
        assert str(result).startswith("must be ")
        assert str(result).isascii()
        assert "\n" not in str(result)


def settings_or_error(path: Path) -> object:
    try:
        return load_settings(path)
    except ConfigurationError as error:
        return str(error)


@pytest.mark.slow
@given(
    st.dictionaries(
        st.sampled_from([*Settings.__struct_fields__, "x"]),
        st.dictionaries(
            st.sampled_from(["host", "port", "class", "parameters", "level", OIL]), _JSON
        )
        | _JSON,
    )
)
def test_any_document_loads_or_fails_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, object]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(document))
    result = settings_or_error(path)
    assert isinstance(result, Settings) or "\n" not in str(result)
