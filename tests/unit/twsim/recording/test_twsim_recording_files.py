"""Recordings as files: masked, whole line by whole line, readable."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microfutures.adapters.system_clock import SimulatedClock
from microfutures.model.errors import ConfigurationError
from microfutures.twsim.recording.listing import readable_lines
from microfutures.twsim.recording.masks import AccountMasks
from microfutures.twsim.recording.message import RecordedMessage, read_recording
from microfutures.twsim.recording.replay import scripts_of
from microfutures.twsim.recording.tap import ConnectionTap
from microfutures.twsim.recording.tape import open_tape
from microfutures.twsim.wire import encode, frame

START_NS = 1_788_879_600_000_000_000


def record(
    path: Path, *, cut: int = 10_000, version: int = 178, account: str = "DU7654321"
) -> None:
    """Record a short session whose bytes arrive in pieces of `cut`."""
    problems: list[str] = []
    tape = open_tape(path, on_problem=problems.append)
    tap = ConnectionTap(1, tape=tape, masks=AccountMasks(), clock=SimulatedClock(START_NS))
    greeting = b"API\0" + frame(b"v100..187")
    asked = encode([71, 2, 7, ""]) + encode([6, 2, True, account])
    answered = encode([15, 1, account]) + encode([4, 2, -1, 321, f"no {account}!", ""])
    for listen, stream in (
        (tap.from_client, greeting),
        (tap.from_server, encode([version, "20260908 10:20:00 EST"])),
        (tap.from_client, asked),
        (tap.from_server, answered),
    ):
        for at in range(0, len(stream), cut):
            listen(stream[at : at + cut])
    tape.close()
    assert problems == []


@pytest.mark.parametrize("cut", [1, 3, 10_000])
def test_messages_are_recorded_whole_however_the_stream_is_cut(tmp_path: Path, cut: int) -> None:
    record(tmp_path / "tape", cut=cut)
    messages = read_recording(tmp_path / "tape")
    assert [(each.to, each.client, each.fields) for each in messages] == [
        ("tws", None, ("v100..187",)),
        ("client", None, ("178", "20260908 10:20:00 EST")),
        ("tws", 7, ("71", "2", "7", "")),
        ("tws", 7, ("6", "2", "1", "DU0000001")),
        ("client", 7, ("15", "1", "DU0000001")),
        ("client", 7, ("4", "2", "-1", "321", "no DU0000001!", "")),
    ]
    assert {each.server_version for each in messages[1:]} == {178}
    assert all(each.time is not None and each.kind == "recorded" for each in messages)


@pytest.mark.parametrize("account", ["DU7654321", "U1234567", "F22222", "my.account", "DF123456A"])
def test_no_account_is_in_the_file(tmp_path: Path, account: str) -> None:
    path = tmp_path / "tape"
    tape = open_tape(path, on_problem=print)
    tap = ConnectionTap(1, tape=tape, masks=AccountMasks(), clock=SimulatedClock(START_NS))
    tap.from_server(encode([178, "now"]) + encode([15, 1, f"DU1,{account},"]))
    tap.from_server(encode([4, 2, -1, 201, f"account {account}: ({account})", account]))
    tape.close()
    assert account not in path.read_text()


def test_same_account_has_the_same_mask_and_others_another() -> None:
    masks = AccountMasks()
    first, again, other, code = masks.hide(("U1234567", "x-U1234567", "U7654321", "SU123456"))
    assert (first, again, other, code) == ("U0000001", "x-U0000001", "U0000002", "SU123456")


@given(st.lists(st.binary(max_size=60), max_size=12))
def test_bytes_that_are_no_messages_are_survived(pieces: list[bytes]) -> None:
    tape = open_tape(Path(os.devnull), on_problem=print)
    tap = ConnectionTap(1, tape=tape, masks=AccountMasks(), clock=SimulatedClock(START_NS))
    for piece in pieces:
        tap.from_client(piece)
        tap.from_server(piece)
    tape.close()


def test_messages_in_protocol_buffers_are_counted_and_not_guessed(tmp_path: Path) -> None:
    record(tmp_path / "tape", version=203)
    messages = read_recording(tmp_path / "tape")
    assert [each.binary_bytes for each in messages[:2]] == [None, None]
    assert all(each.fields == () and each.binary_bytes for each in messages[2:])
    assert scripts_of(messages) == []


def test_file_is_added_to_and_half_a_line_at_its_end_dropped(tmp_path: Path) -> None:
    path = tmp_path / "tape"
    record(path)
    assert path.stat().st_mode & 0o077 == 0
    path.write_bytes(path.read_bytes() + b'{"kind":"reco')
    assert len(read_recording(path)) == 6
    record(path)
    messages = read_recording(path)
    assert len(messages) == 12
    assert [len(script.messages) for script in scripts_of(messages)] == [4, 4]


def test_file_of_another_kind_is_never_written_to(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("buy low")
    with pytest.raises(ConfigurationError, match="no recording: line 1"):
        record(path)
    assert path.read_text() == "buy low"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has the device for it")
def test_full_disk_ends_the_recording_with_one_sentence() -> None:
    problems: list[str] = []
    tape = open_tape(Path("/dev/full"), on_problem=problems.append)
    for _ in range(3):
        tape.append(RecordedMessage(to="tws", fields=("1",)))
    assert problems == ["recording ended: No space left on device"]


def test_listing_names_every_message_and_shows_what_is_empty(tmp_path: Path) -> None:
    record(tmp_path / "tape")
    lines = list(readable_lines(read_recording(tmp_path / "tape")))
    assert [line.split("client", 1)[1].split()[:3] for line in lines] == [
        ["?", "->", "handshake"],
        ["?", "<-", "handshake"],
        ["7", "->", "startApi"],
        ["7", "->", "reqAccountUpdates"],
        ["7", "<-", "managedAccounts"],
        ["7", "<-", "error"],
    ]
    assert lines[0].startswith("2026-09-08 ")
    assert lines[5].endswith('2 -1 321 "no DU0000001!" ""')


def test_listing_keeps_control_letters_off_the_terminal() -> None:
    (line,) = readable_lines([RecordedMessage(to="client", fields=("4", "\x1b[2J\n"))])
    assert line.isprintable()


def test_captures_of_real_sessions_are_recordings(shared_dir: Path) -> None:
    messages = read_recording(shared_dir / "wire" / "captures.jsonl")
    lines = list(readable_lines(messages))
    assert len(lines) == len(messages)
    assert not any("message " in line for line in lines)
