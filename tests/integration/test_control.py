"""A running desk commanded from other processes, over its socket and by a kill file."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from helpers.nobody import as_user_without_rights
from helpers.waiting import wait_until
from microfutures.adapters.control_socket import SOCKET_NAME, ask
from microfutures.config.risk_limits import RiskLimits
from microfutures.model.errors import ControlError
from microfutures.risk.gate import RiskGate

ROOT = Path(__file__).parents[2]
LISTEN = "0A"
"""The state of a listening socket in /proc/net/tcp."""
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src")}


@pytest.fixture
def log_dir() -> Iterator[Path]:
    # Not under tmp_path, whose parents only their owner may enter: the socket itself is tested.
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def desk(log_dir: Path) -> Iterator[subprocess.Popen[str]]:
    arguments = ("--simulate", "calm", "--display", "none", "--log-dir", str(log_dir))
    process = subprocess.Popen(
        [sys.executable, "-m", "microfutures", *arguments],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: (log_dir / SOCKET_NAME).exists())
    wait_until(lambda: "connected" in said("status", log_dir)[1])
    yield process
    process.kill()
    process.communicate()


def said(command: str, log_dir: Path, *arguments: str) -> tuple[int, str]:
    answer = subprocess.run(
        [sys.executable, "-m", "microfutures", command, "--log-dir", str(log_dir), *arguments],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return answer.returncode, answer.stdout + answer.stderr


@pytest.mark.slow
def test_desk_obeys_pause_resume_flatten_and_kill(
    desk: subprocess.Popen[str], log_dir: Path
) -> None:
    assert said("pause", log_dir, "--reason", "lunch") == (
        0,
        "entries are blocked, exits run: lunch\n",
    )
    shown = json.loads(said("status", log_dir, "--json")[1])
    assert (shown["halt"], shown["account"], shown["positions"]) == ("lunch", "DU1000001", {})
    assert said("resume", log_dir) == (0, "trading\n")
    assert "flatten from another terminal" in said("flatten", log_dir)[1]
    assert said("kill", log_dir, "--reason", "enough") == (
        0,
        "no order is sent any more, exits included: enough\n",
    )
    assert said("resume", log_dir) == (0, "trading\n")
    desk.send_signal(signal.SIGINT)
    output, _ = desk.communicate(timeout=30)
    assert "ended cleanly (exit code 0)" in output
    assert not (log_dir / SOCKET_NAME).exists()
    text = (log_dir / "trading_system.log").read_text()
    for line in ("paused (lunch)", "resumed: resume from another", "killed, no order is sent"):
        assert line in text
    written = [text, *(each.read_text() for each in log_dir.glob("*_log_*.json"))]
    assert len(written) == 4
    assert all("DU1000001" not in each for each in written)
    assert "account DU***01" in text


@pytest.mark.slow
def test_desk_shows_every_rule_with_its_limit_and_where_it_stands(
    desk: subprocess.Popen[str], log_dir: Path
) -> None:
    code, text = said("risk", log_dir)
    assert code == 0
    lines = {line.split("  ")[0].strip(): line for line in text.splitlines()}
    gate = [rule.name for rule in RiskGate(RiskLimits()).rules]
    assert list(lines) == [*gate, "margin", "trip loss", "message rate"]
    assert "limit 10 % of the capital; now the day's net +0.00 USD" in lines["daily loss"]
    assert "MCLV6 liquid until 17:00, USO liquid until 16:00" in lines["hours"]
    assert "5 contracts, 2000 shares; now flat" in lines["position"]
    said("pause", log_dir, "--reason", "lunch")
    assert "limit not paused; now lunch" in said("risk", log_dir)[1]


@pytest.mark.slow
def test_kill_file_kills_until_it_is_gone(desk: subprocess.Popen[str], log_dir: Path) -> None:
    kill_file = log_dir / "KILL"
    kill_file.touch()
    wait_until(lambda: "KILL is there" in said("status", log_dir)[1])
    code, text = said("resume", log_dir)
    assert code == 1
    assert text == f"remove {kill_file} first: it kills the desk\n"
    kill_file.unlink()
    assert said("resume", log_dir) == (0, "trading\n")


@pytest.mark.slow
def test_only_the_owner_may_command(desk: subprocess.Popen[str], log_dir: Path) -> None:
    mode = (log_dir / SOCKET_NAME).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    if os.geteuid() == 0:  # another user than the owner is at hand
        error = as_user_without_rights(lambda: ask(log_dir, {"command": "kill"}))
        assert "belongs to another user" in error
        assert "halt: none" in said("status", log_dir)[1]


def page(log_dir: Path, request: str) -> tuple[str, dict[str, object]]:
    """Return the status line and the body that a monitor gets."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(30)
        line.connect(str(log_dir / SOCKET_NAME))
        line.sendall(f"{request} HTTP/1.1\r\nHost: desk\r\n\r\n".encode())
        head, _, body = line.makefile("rb").read().partition(b"\r\n\r\n")
    return head.decode().partition("\r\n")[0], json.loads(body)


@pytest.mark.slow
def test_a_monitor_hears_how_the_desk_is(desk: subprocess.Popen[str], log_dir: Path) -> None:
    code, text = said("health", log_dir)
    assert (code, text[:5]) == (0, "ready")
    status, body = page(log_dir, "GET /health")
    assert status == "HTTP/1.1 200 OK"
    assert (body["is_alive"], body["is_ready"], body["reasons"]) == (True, True, [])
    assert page(log_dir, "GET /other")[0] == "HTTP/1.1 404 Not Found"
    said("pause", log_dir, "--reason", "lunch")
    code, text = said("health", log_dir)
    assert code == 1
    assert text.startswith("alive, not ready; ")
    assert text.endswith("halted: lunch\n")
    assert page(log_dir, "GET /health")[0] == "HTTP/1.1 200 OK"


@pytest.mark.slow
def test_nothing_listens_beyond_this_machine(desk: subprocess.Popen[str], log_dir: Path) -> None:
    listening = listening_addresses(desk.pid)
    assert listening, "the simulated gateway listens"
    assert all(address.startswith("127.") for address in listening)


def listening_addresses(pid: int) -> list[str]:
    """Return where a process listens, by the kernel's own tables."""
    links = [each.readlink() for each in Path(f"/proc/{pid}/fd").iterdir() if each.is_symlink()]
    inodes = {str(link)[8:-1] for link in links if str(link).startswith("socket:[")}
    found = []
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = row.split()
            if fields[3] == LISTEN and fields[9] in inodes:
                packed = bytes.fromhex(fields[1].partition(":")[0])
                words = [packed[at : at + 4][::-1] for at in range(0, len(packed), 4)]
                found.append(socket.inet_ntop(family, b"".join(words)))
    return found


@pytest.mark.slow
def test_nonsense_on_the_socket_is_answered(desk: subprocess.Popen[str], log_dir: Path) -> None:
    assert "there are: pause, resume, flatten, kill, status, risk, health" in str(
        ask(log_dir, {"command": "dance"})["text"]
    )
    assert ask(log_dir, {})["ok"] is False
    assert "halt: none" in said("status", log_dir)[1]


def test_a_directory_without_a_desk_is_named(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match=r"no desk runs in .*; name its directory"):
        ask(tmp_path, {"command": "status"})
    (tmp_path / SOCKET_NAME).touch()
    assert said("pause", tmp_path)[0] == 1
