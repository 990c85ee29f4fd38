"""Files of every format: bytes to records with exact line numbers, nothing lost, nothing guessed.

Knows no instrument and no study; what a cell means is alliance_etl.intake.
"""

from alliance_etl.reading.delimited import DelimitedText, open_delimited
from alliance_etl.reading.formats import open_file
from alliance_etl.reading.limits import Limits
from alliance_etl.reading.model import Block, Dialect, Unreadable
from alliance_etl.reading.opened import OpenedFile, Typed

__all__ = [
    "Block",
    "DelimitedText",
    "Dialect",
    "Limits",
    "OpenedFile",
    "Typed",
    "Unreadable",
    "open_delimited",
    "open_file",
]
