"""The wide table of one instrument, generated from the registry: ids, answers, scores and components side by side."""

from dataclasses import replace

from alliance_etl.instruments.model import Instrument
from alliance_etl.tables import Column, Table
from schemas.columns import IDENTITY, N_ANSWERED, ORIGIN

# Sums and means of decimals may leave their range by so much.
_ROUNDING = 1e-6
# Texts that stand in every row of a wide table over and over.
_CODED = ("site", "rater_role", "instrument", "drop_id")


def answers_table(instrument: Instrument, whole: bool, c_grade: bool) -> Table:
    """The stored wide table of one instrument: ids, answers, native scores and components side by side.

    `whole`: all answers of the study are whole numbers, and stored as such; `c_grade`: components by content are
    estimated too.
    """
    return Table(
        f"answers_{instrument.id}",
        f"{instrument.name}: one row per form with its answers, scores and components side by side."
        + (f" {instrument.warning}" if instrument.warning else ""),
        (
            *(replace(column, coded=column.name in _CODED) for column in (*IDENTITY, *ORIGIN)),
            _count("n_answered", N_ANSWERED.description, len(instrument.item_numbers)),
            *_item_columns(instrument, whole=whole),
            Column("missing", "VARCHAR", "JSON, item number to reason, for items whose reason for missing is declared"),
            *_score_columns(instrument),
            *_component_columns(instrument, c_grade=c_grade),
        ),
        key=("form_id",),
    )


def _item_columns(instrument: Instrument, *, whole: bool) -> list[Column]:
    response = instrument.response
    return [
        Column(
            f"item_{n}",
            "TINYINT" if whole else "DOUBLE",
            f"answer to item {n}, on the instrument's scale, as answered",
            unit="points",
            low=response.min if response else None,
            high=response.max if response else None,
        )
        for n in instrument.item_numbers
    ]


def _score_columns(instrument: Instrument) -> list[Column]:
    columns = []
    for name, scale in instrument.scales.items():
        low, high = instrument.score_range(name)
        direction = f"; higher is {instrument.higher_is}" if instrument.higher_is else ""
        text = f"{name} by the instrument's own rule{direction}"
        columns.append(
            Column(f"score_{name}", "DOUBLE", text, unit="points", low=low - _ROUNDING, high=high + _ROUNDING)
        )
        columns.append(_count(f"n_score_{name}", f"items of {name} that were answered", len(scale.items)))
    return columns


def _component_columns(instrument: Instrument, *, c_grade: bool) -> list[Column]:
    columns = []
    for line in instrument.estimated(c_grade=c_grade):
        text = f"{line.component}, percent of maximum possible"
        low, high = -_ROUNDING, 100 + _ROUNDING
        columns.append(Column(f"pomp_{line.component}", "DOUBLE", text, unit="percent", low=low, high=high))
        if instrument.same_scale(line) is None:  # otherwise the scale's count is the component's, too
            size = len(instrument.mapped_items(line))
            columns.append(_count(f"n_pomp_{line.component}", f"items of {line.component} that were answered", size))
    return columns


def _count(name: str, description: str, most: int) -> Column:
    return Column(name, "TINYINT", description, unit="items", low=0, high=most)
