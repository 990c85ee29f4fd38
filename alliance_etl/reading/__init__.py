"""Delimited text: bytes to records with exact line numbers, nothing lost, nothing guessed.

Knows no instrument and no study; what a cell means is alliance_etl.intake.
"""

from alliance_etl.reading.delimited import DelimitedText, open_delimited
from alliance_etl.reading.model import Block, Dialect, Unreadable

__all__ = ["Block", "DelimitedText", "Dialect", "Unreadable", "open_delimited"]
