"""What schemas/ promises, handed to the night by its composition root: table declarations and contracts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from alliance_etl.instruments.model import Instrument, Response
from alliance_etl.intake.contract import AnswersContract
from alliance_etl.tables import Table


@dataclass(frozen=True)
class Promises:
    """`tables` are the fixed published tables by name; the callables make what depends on an instrument."""

    tables: Mapping[str, Table]
    answers_table: Callable[[Instrument, bool, bool], Table]  # instrument, whole numbers only, C-grade components
    answers_contract: Callable[[Instrument, Response], AnswersContract]
    table_breaches: Callable[[Table, pl.DataFrame], Mapping[str, int]]
