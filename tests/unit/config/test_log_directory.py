import os
from pathlib import Path

import pytest

from microfutures.config.log_directory import make_directory, require_writable
from microfutures.model.errors import ConfigurationError


def test_a_directory_that_can_be_made_is_accepted_and_not_made(tmp_path: Path) -> None:
    wanted = tmp_path / "a" / "b"
    require_writable(wanted)
    assert not (tmp_path / "a").exists()
    make_directory(wanted)
    assert wanted.is_dir()
    require_writable(wanted)


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    for wanted in (blocker, blocker / "logs"):
        with pytest.raises(ConfigurationError, match="is not a directory; choose another"):
            require_writable(wanted)
        with pytest.raises(ConfigurationError, match="choose another with --log-dir"):
            make_directory(wanted)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_without_permission_is_refused(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(ConfigurationError, match="no permission to write"):
        require_writable(closed / "logs")


def test_a_name_that_no_system_accepts_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        require_writable(Path("x" * 5_000))
