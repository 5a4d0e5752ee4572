"""Files that nobody should trust: each command gives a named error, or tells of its repair."""

from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.studies import write_days
from microfutures.app.cli import main

pyarrow_csv = pytest.importorskip("pyarrow.csv")
parquet = pytest.importorskip("pyarrow.parquet")

Spoil = Callable[[Path], Path]


def rewritten(change: Callable[[list[str]], list[str]]) -> Spoil:
    def spoil(file: Path) -> Path:
        file.write_text("\n".join(change(file.read_text().splitlines())) + "\n")
        return file

    return spoil


def another_row_of_one_moment(lines: list[str]) -> list[str]:
    moment, *_ = lines[9].split(",")
    return [*lines[:10], f"{moment},9,9,9,9,9", *lines[10:]]


def zones_in_some_rows_only(lines: list[str]) -> list[str]:
    # A column called ts_utc would say the zone.
    head = lines[0].replace("ts_utc", "time")
    return [head, *lines[1:20], *(line.replace("Z,", ",") for line in lines[20:])]


def half_of_a_parquet_file(file: Path) -> Path:
    whole = file.with_suffix(".parquet")
    parquet.write_table(pyarrow_csv.read_csv(file), whole)
    file.unlink()
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    return whole


def nothing(file: Path) -> Path:
    file.write_bytes(b"")
    return file


FILES: dict[str, Spoil] = {
    "unsorted": rewritten(lambda lines: [lines[0], *lines[20:], *lines[1:20]]),
    "duplicated": rewritten(lambda lines: [*lines[:10], lines[9], *lines[10:]]),
    "contradicting": rewritten(another_row_of_one_moment),
    "gapped": rewritten(lambda lines: lines[:15] + lines[45:]),
    "mixed zones": rewritten(zones_in_some_rows_only),
    "empty": nothing,
    "no rows": rewritten(lambda lines: lines[:1]),
    "wrong column": rewritten(lambda lines: [lines[0].replace("close", "shut"), *lines[1:]]),
    "half a row": rewritten(lambda lines: [*lines[:-1], lines[-1][:31]]),
    "half a file": half_of_a_parquet_file,
}

REFUSED_BY_A_TAPE = {
    "unsorted": "goes back",
    "duplicated": "the row before",
    "contradicting": "the row before",
    "mixed zones": "no moment with a time zone",
    "empty": "the file is empty",
    "no rows": "a header and no rows",
    "wrong column": "no column for the close",
    "half a row": "fields where",
    "half a file": "",
}
REFUSED_BY_IMPORT = {
    "contradicting": "two different rows",
    "mixed zones": "zone",
    "empty": "empty",
    "no rows": "",
    "wrong column": "close",
    "half a row": "fields",
    "half a file": "",
}
REPAIRED_BY_IMPORT = {
    "unsorted": "sorted 19 rows that were out of order",
    "duplicated": "dropped 1 rows that were there twice",
}


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    return write_days(tmp_path / "tape", days=1)


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out + said.err


def commands(tape: Path, out: Path) -> dict[str, list[object]]:
    return {
        "backtest": ["backtest", "--data", tape, "--output", out, "--no-journal"],
        "optimize": ["optimize", "--data", tape, "--output", out, "--grid", "z_entry=2"],
    }


@pytest.mark.parametrize("command", ["backtest", "optimize"])
@pytest.mark.parametrize("kind", REFUSED_BY_A_TAPE)
def test_tape_that_cannot_be_trusted_is_refused_with_its_name(
    tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, kind: str
) -> None:
    file = FILES[kind](tape / "MCL_1m.csv")
    code, said = run(capsys, *commands(tape, tmp_path / "out")[command])
    assert code == 2
    assert str(file) in said
    assert REFUSED_BY_A_TAPE[kind] in said
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_gap_is_played_and_told(
    tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    FILES["gapped"](tape / "MCL_1m.csv")
    code, said = run(capsys, *commands(tape, tmp_path / "out")["backtest"])
    assert code == 0
    assert "MCL: 30 of 60 bars of its liquid hours are missing" in said


@pytest.mark.parametrize("kind", REFUSED_BY_IMPORT)
def test_import_refuses_what_it_would_have_to_guess(
    tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    file = FILES[kind](tape / "MCL_1m.csv")
    code, said = run(capsys, "data", "import", file, "--store", tmp_path / "store", "--yes")
    assert code in (1, 2)
    assert str(file) in said
    assert REFUSED_BY_IMPORT[kind] in said.lower()
    assert not list(tmp_path.glob("store/**/*.parquet"))


@pytest.mark.parametrize("kind", REPAIRED_BY_IMPORT)
def test_import_repairs_and_tells(
    tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    file = FILES[kind](tape / "MCL_1m.csv")
    code, said = run(capsys, "data", "import", file, "--store", tmp_path / "store", "--yes")
    assert code == 0
    assert REPAIRED_BY_IMPORT[kind] in said
    assert "60 rows added" in said


def test_gap_of_an_import_is_found_by_its_check(
    tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = FILES["gapped"](tape / "MCL_1m.csv")
    store = tmp_path / "store"
    run(capsys, "data", "import", file, "--store", store, "--yes")
    _, said = run(capsys, "data", "check", "--store", store)
    assert "gap" in said.lower()
    assert "30" in said
