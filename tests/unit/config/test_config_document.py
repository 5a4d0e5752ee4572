from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microfutures.config.document import parse_document, read_document
from microfutures.model.errors import ConfigurationError


def error_of(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        parse_document(text, place="config.json")
    return str(caught.value)


def test_comment_lines_are_skipped_and_slashes_in_values_stay() -> None:
    text = '// first\n{\n  // second\n  "host": "a//b",\n  "x": 1\n}\n// last'
    assert parse_document(text, place="c") == {"host": "a//b", "x": 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "the file is empty"),
        ("  \n ", "the file is empty"),
        ("[]", "must be a JSON object"),
        ("{", "line 1 column 2: not valid JSON"),
        ('{"a": 1,\n}', "line 2 column 1: not valid JSON"),
        ('{"a": 1,\n // x\n}', "a comma before } or ] is not allowed"),
        ('# note\n{"a": 1}', "a comment needs a line of its own that begins with //"),
        ('{"a": 1 // note\n}', "a comment needs a line of its own that begins with //"),
        ("{} {}", "the object ended before it"),
        ('{"a": 1, "a": 2}', 'the key "a" stands twice'),
        ('{"a": {"b": 1, "b": 1}}', 'the key "b" stands twice'),
        ('{"a": NaN}', "NaN is not a number"),
        ('{"a": -Infinity}', "-Infinity is not a number"),
        ('{"a": ' + "1" * 5_000 + "}", "5000 digits"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_broken_documents_are_one_line_with_place_and_reason(text: str, expected: str) -> None:
    error = error_of(text)
    assert error.startswith("config.json: ")
    assert expected in error
    assert "\n" not in error


def test_a_comment_does_not_move_the_reported_line() -> None:
    assert "line 4 column" in error_of('// one\n{\n// three\n"a": ,\n}')


def test_a_missing_file_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file; `microfutures init"):
        read_document(tmp_path / "none.json")


def test_a_directory_and_a_binary_file_are_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is a directory"):
        read_document(tmp_path)
    binary = tmp_path / "x.json"
    binary.write_bytes(b'{"a": "\xff\xfe"}')
    with pytest.raises(ConfigurationError, match="not UTF-8 text, see byte 7"):
        read_document(binary)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "big.json"
    path.write_bytes(b" " * 1_000_001)
    with pytest.raises(ConfigurationError, match="larger than 1,000,000 bytes"):
        read_document(path)


def test_a_byte_order_mark_is_harmless(tmp_path: Path) -> None:
    path = tmp_path / "bom.json"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert read_document(path) == {"a": 1}


def test_a_path_that_no_system_accepts_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="can't be read"):
        read_document(Path("a\0b"))


def outcome(text: str) -> object:
    try:
        return parse_document(text, place="c")
    except ConfigurationError as error:
        return str(error)


@given(st.text(max_size=200))
def test_any_text_parses_or_fails_in_one_line(text: str) -> None:
    result = outcome(text)
    assert isinstance(result, dict) or "\n" not in str(result)
