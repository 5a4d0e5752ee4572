"""`microfutures gateway` with a scenario file and a control port, as a process."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"}
GATEWAY = (sys.executable, "-m", "microfutures", "gateway", "--port", "0")


@pytest.mark.slow
async def test_control_port_causes_a_fault_beside_those_of_the_file() -> None:
    file = str(ROOT / "docs" / "scenarios" / "flaky-line.toml")
    process = await asyncio.create_subprocess_exec(
        *GATEWAY,
        *("--scenario", file, "--control-port", "0"),
        env=ENVIRONMENT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    lines = [(await asyncio.wait_for(process.stdout.readline(), 30)).decode() for _ in range(3)]
    assert "faults on demand on 127.0.0.1:" in lines[0]
    assert "seed 2" in lines[2]
    control = int(lines[0].rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", control)
    writer.write(b"fault farm_loss code=2105\n")
    assert b"ok FarmLoss" in await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    process.send_signal(signal.SIGTERM)
    await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--scenario", "none.toml"], "none.toml: can't be read"),
        (["--scenario", "wrong.toml"], "wrong.toml: line 1: unknown word 'socket_drp'; did you"),
        (["--control-port", "70000"], "--control-port must be from 0 to 65535, was 70000"),
    ],
)
def test_wrong_option_is_one_line_and_exit_2(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    (tmp_path / "wrong.toml").write_text('[[fault]]\nkind = "socket_drp"\nat = 1\n')
    answer = subprocess.run(
        [*GATEWAY, *arguments],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (answer.returncode, answer.stderr.count("\n")) == (2, 1)
    assert words in answer.stderr
