"""`microfutures report`: the tear sheet of a journal, as a page and in the terminal."""

from pathlib import Path

import msgspec
from rich.console import Console

from microfutures.model.errors import ConfigurationError


def write_report(journal: Path, output: Path, *, title: str | None) -> None:
    """Write the page to `output` and print the summary.

    Raises
    ------
    JournalError
        If the journal can't be read.
    ConfigurationError
        If it holds no run, if `output` can't be written, or if matplotlib is missing.
    """
    try:
        from microfutures.app.journal.sheet import sheet_of_journal
        from microfutures.reports.summary import terminal_summary
        from microfutures.reports.tear_sheet import write_tear_sheet
    except ImportError as error:
        library = str(error.name).split(".")[0]
        raise ConfigurationError(
            f"`microfutures report` needs {library}; install microfutures[reports]"
        ) from error
    sheet = sheet_of_journal(journal)
    if title is not None:
        sheet = msgspec.structs.replace(sheet, title=title)
    try:
        write_tear_sheet(output, sheet)
    except OSError as error:
        raise ConfigurationError(f"--output {output}: {error.strerror}") from error
    console = Console()
    console.print(terminal_summary(sheet))
    console.print(f"wrote {output}", highlight=False)
