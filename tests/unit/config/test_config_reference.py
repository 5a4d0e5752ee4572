from pathlib import Path

from microfutures.config import load_settings, load_with_origins
from microfutures.config.document import parse_document
from microfutures.config.reference import FIELDS, FLAGS, SETTINGS, default_words, markdown
from microfutures.config.starting_file import starting_file_text

SPECIFIED_FLAGS = {
    "--host": "127.0.0.1",
    "--port": "7497",
    "--client-id": "1",
    "--capital": "2000",
    "--log-dir": "logs",
    "--check-interval": "5",
    "--log-interval": "3600",
    "--display-interval": "15",
}


def test_the_table_has_one_row_for_each_setting_in_the_structs_order() -> None:
    assert sorted(row.path for row in SETTINGS) == sorted(FIELDS)
    assert len({row.path for row in SETTINGS}) == len(SETTINGS)


def test_the_specifications_flags_and_defaults_are_in_the_table() -> None:
    defaults = {flag: default_words(path) for path, flag in FLAGS.items()}
    assert SPECIFIED_FLAGS.items() <= defaults.items()


def test_the_starting_file_says_every_default(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(starting_file_text())
    loaded = load_with_origins(path)
    assert loaded.settings == load_settings(None)
    assert {origin.value for origin in loaded.origins.values()} == {"file"}


def test_the_starting_file_is_json_once_its_comments_are_gone() -> None:
    document = parse_document(starting_file_text(), place="x")
    assert list(document) == ["connection", "trading", "logging", "display", "risk", "strategies"]


def test_the_reference_has_a_row_for_each_setting() -> None:
    rows = markdown().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == [each.path for each in SETTINGS]
    assert all(row.count(" | ") >= 4 for row in rows)
