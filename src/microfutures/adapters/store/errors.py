"""What can be wrong with a file that is to be imported, or with the store; one name each.

::

    TapeError
    ├── EmptyFileError       no rows
    ├── BrokenFileError      cut short, no zip, no Parquet, wrong number of fields
    ├── ColumnError          a column is missing, or can't be told
    ├── TimeZoneError        moments without a zone, or with and without one in one file
    ├── MomentError          no moment, or one that can't be: 1970, tomorrow
    ├── PriceError           no number, or a high below the low
    ├── ConflictError        two different rows for one moment
    └── StoreError           the store itself: unreadable, unknown series
"""

from microfutures.adapters.tapes.errors import TapeError


class EmptyFileError(TapeError):
    """A file without rows."""


class BrokenFileError(TapeError):
    """A file that was cut short or is not what its name says."""


class ColumnError(TapeError):
    """A column is missing, or it can't be told which one is meant."""


class TimeZoneError(TapeError):
    """Moments that don't say their time zone, or only some of which do."""


class MomentError(TapeError):
    """A field that is no moment, or one that can't be."""


class PriceError(TapeError):
    """A price that is no number, or a bar that can't be."""


class ConflictError(TapeError):
    """Two different rows for one moment."""


class StoreError(TapeError):
    """The store can't be read, or doesn't hold what is asked for."""
