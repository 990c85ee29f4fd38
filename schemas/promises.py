"""The promises of this deployment, bundled for the night. pandera is imported when the first contract is asked for."""

from collections.abc import Mapping

import polars as pl

from alliance_etl.instruments.model import Instrument, Response
from alliance_etl.intake.contract import AnswersContract
from alliance_etl.night.promises import Promises
from alliance_etl.tables import Table
from schemas.answers import answers_table
from schemas.tables import TABLES


def promises() -> Promises:
    return Promises(TABLES, answers_table, _answers_contract, _table_breaches)


def _answers_contract(instrument: Instrument, in_file: Response) -> AnswersContract:
    from schemas.contracts import answers_contract

    return answers_contract(instrument.id, in_file)


def _table_breaches(table: Table, frame: pl.DataFrame) -> Mapping[str, int]:
    from schemas.contracts import table_breaches

    return table_breaches(table, frame)
