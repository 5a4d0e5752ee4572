import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from microfutures import __version__
from microfutures.app.cli import app, with_default_scenario

ROOT = Path(__file__).parents[3]
SPECIFIED = {
    "--host": "127.0.0.1",
    "--port": "7497",
    "--client-id": "1",
    "--config": "none",
    "--capital": "2000",
    "--log-dir": "logs",
    "--check-interval": "5",
    "--log-interval": "3600",
    "--display-interval": "15",
}


def microfutures(
    *arguments: str, cwd: Path, program: tuple[str, ...] = ("-m", "microfutures")
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "COLUMNS": "100"}
    return subprocess.run(
        [sys.executable, *program, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def shown(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.output


def test_help_of_main_py_lists_the_nine_flags_with_their_defaults(tmp_path: Path) -> None:
    answer = microfutures("--help", cwd=tmp_path, program=(str(ROOT / "main.py"),))
    assert answer.returncode == 0
    text = " ".join(answer.stdout.split())
    for flag, default in SPECIFIED.items():
        after = text.split(f"{flag} ", 1)[1].split(" --", 1)[0]
        assert f"[default: {default}]" in after, flag


def test_help_loads_nothing_heavy() -> None:
    source = (
        "import sys; import microfutures.app.cli\n"
        "print([m for m in ('ib_async', 'numpy', 'pyarrow', 'rich.live') if m in sys.modules])"
    )
    assert microfutures(cwd=ROOT, program=("-c", source)).stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--port", "70000"], "--port must be a whole number from 1 to 65535, was 70000"),
        (["--port", "abc"], "Invalid value for '--port'"),
        (["--prot", "1"], "No such option: --prot"),
        (["--capital", "-5"], "--capital must be a number above 0"),
        (["--capital", "nan"], "--capital must be a number above 0"),
        (["--capital", "inf"], "--capital must be a number above 0"),
        (["--check-interval", "0"], "--check-interval must be a number above 0"),
        (["--host", ""], "--host must be a host name or address"),
        (["--display", "pretty"], '--display must be one of "auto", "rich", "plain", "none"'),
        (["--config", "none.json"], "none.json: no such file"),
        (["--simulate", "demoo"], "did you mean demo?"),
        (["--duration", "soon"], "--duration must be seconds"),
        (["--speed", "2", "--live"], "--speed is for a simulated gateway"),
        (["--simulate", "--data", "none"], "--data 'none': no such directory"),
        (["--log-dir", "blocker/logs"], "is not a directory; choose another with --log-dir"),
        (["nonsense"], "No such command 'nonsense'"),
        (["--port", "1", "version"], "--port belongs to a run"),
        (["gateway", "--port", "70000"], "--port must be from 0 to 65535, was 70000"),
        (["gateway", "--cash", "-1"], "--cash must be above 0 USD"),
        (["gateway", "--symbols", "MLC"], "the catalog has no symbol 'MLC'"),
        (["gateway", "--scenario", "x"], "scenario"),
        (["gateway", "--proxy", "h"], "--proxy needs --record FILE"),
        (["gateway", "--proxy", "h", "--record", "f"], "--proxy must be HOST:PORT"),
        (["gateway", "--proxy", "127.0.0.1:0", "--record", "f"], "a port from 1 to 65535"),
        (["gateway", "--proxy", "no host:1", "--record", "f"], "--proxy 'no host:1'"),
        (
            ["gateway", "--proxy", "localhost:7611", "--port", "7611", "--record", "f"],
            "is the proxy itself",
        ),
        (["gateway", "--record", "no/such/file"], "can't be written"),
        (["gateway", "--replay", "none"], "can't be read"),
        (["gateway", "--replay", "blocker"], "is no recording"),
        (["gateway", "--replay", "blocker", "--scenario", "demo"], "leave one out"),
        (["gateway", "--replay", "blocker", "--record", "f"], "leave one out"),
        (["recording", "none"], "can't be read"),
        (["recording", "blocker"], "is no recording: it is empty"),
        (["check-config", "none.json"], "none.json: no such file"),
        (["init", "blocker"], "exists already"),
        (["init", "no/such/config.json"], "can't be written"),
    ],
)
@pytest.mark.slow
def test_wrong_input_is_one_line_exit_2_and_writes_nothing(
    tmp_path: Path, arguments: list[str], expected: str
) -> None:
    (tmp_path / "blocker").write_text("")
    answer = microfutures(*arguments, cwd=tmp_path)
    assert answer.stdout == ""
    assert answer.stderr.startswith("error: ")
    assert answer.stderr.count("\n") == 1
    assert expected in answer.stderr
    assert answer.returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["blocker"]


def test_a_wrong_file_is_one_line_exit_2_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"connection": {"prot": 7497}}')
    answer = microfutures("--config", "config.json", cwd=tmp_path)
    assert answer.stderr == (
        "error: config.json: 'connection.prot' is no setting; did you mean 'port'?\n"
    )
    assert answer.returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


def test_init_writes_a_file_that_check_config_accepts(tmp_path: Path) -> None:
    path = tmp_path / "my.json"
    assert str(path) in shown("init", str(path))
    text = shown("check-config", str(path))
    assert "the settings are good" in text
    assert "default" not in text.replace("are good", "")


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text("{}")
    assert microfutures("init", cwd=tmp_path).returncode == 2
    assert path.read_text() == "{}"


def test_check_config_shows_who_said_each_value(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"connection": {"client_id": 5}}))
    text = shown("--port", "7496", "check-config", str(path))
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines()}
    assert rows["connection.port"] == ["7496", "flag"]
    assert rows["connection.client_id"] == ["5", "file"]
    assert rows["connection.host"] == ['"127.0.0.1"', "default"]
    assert rows["strategies.MicroCrudeOilArbitrage.parameters.lookback"] == ["20", "default"]


def test_version_is_the_packages() -> None:
    assert shown("version") == f"microfutures {__version__}\n"


@pytest.mark.parametrize(
    ("given", "completed"),
    [
        (["--simulate"], ["--simulate", "demo"]),
        (["--simulate", "--seed", "3"], ["--simulate", "demo", "--seed", "3"]),
        (["--simulate", "calm", "--seed", "3"], ["--simulate", "calm", "--seed", "3"]),
        (["--simulate=calm"], ["--simulate=calm"]),
        (["--port", "7497"], ["--port", "7497"]),
        ([], []),
    ],
)
def test_a_bare_simulate_means_the_demo(given: list[str], completed: list[str]) -> None:
    assert with_default_scenario(given) == completed


def test_main_module_offers_the_public_names(tmp_path: Path) -> None:
    source = (
        "from main import TerminalDisplay, IBManager, Strategy, MicroCrudeOilArbitrageStrategy\n"
        "from main import Portfolio, run_headless_app\n"
        "import main; print(sorted(main.__all__))\n"
        "try: main.Nothing\n"
        "except AttributeError as error: print(error)"
    )
    answer = microfutures(cwd=ROOT, program=("-c", source))
    assert answer.stderr == ""
    assert "IBManager" in answer.stdout
    assert "no attribute 'Nothing'" in answer.stdout


async def test_gateway_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "microfutures", "gateway", "--port", "0", "--cash", "1000"),
        cwd=tmp_path,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
    port = int(line.rsplit(":", 1)[1])
    taken = await asyncio.to_thread(microfutures, "gateway", "--port", str(port), cwd=tmp_path)
    assert taken.returncode == 2
    assert "choose another --port" in taken.stderr
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    version = b"v157..178"
    writer.write(b"API\0" + len(version).to_bytes(4, "big") + version)
    assert b"178" in await asyncio.wait_for(reader.read(100), 10)
    process.send_signal(signal.SIGTERM)
    rest, errors = await asyncio.wait_for(process.communicate(), 20)
    writer.close()
    assert process.returncode == 0
    assert "stopped" in rest.decode()
    assert errors == b""
