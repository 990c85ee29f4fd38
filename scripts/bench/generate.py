"""Write the study that is measured: `python -m scripts.bench.generate FORMS FOLDER`.

Answers come from a latent alliance per participant, so that files compress and sort as real ones do; about 1 % of the
answers are missing, and about one row in a thousand has to be held. The same number of forms gives the same bytes.
"""

import csv
import shutil
import sys
import zlib
from pathlib import Path

import numpy as np
import polars as pl
from ruamel.yaml import YAML

from alliance_etl.instruments.model import Instrument
from alliance_etl.instruments.registry import load_registry
from scripts.bench.plan import SESSIONS, SHARES, Batch, batches

MISSING = 0.01
HELD = 0.001


def generate(forms: int, folder: Path) -> None:
    """Make the folder anew: study.yaml, drops/, and what the pandas script is told (files.csv, key.csv)."""
    shutil.rmtree(folder, ignore_errors=True)
    registry = load_registry()
    plan = list(batches(forms))
    for batch in plan:
        path = folder / batch.path
        path.parent.mkdir(parents=True, exist_ok=True)
        table(batch, registry[batch.instrument]).write_csv(
            path, separator=batch.dialect.delimiter, decimal_comma=batch.dialect.decimal_comma
        )
    write_study(plan, folder)
    write_script_notes(plan, [registry[instrument] for instrument in SHARES], folder)


def table(batch: Batch, instrument: Instrument) -> pl.DataFrame:
    """One file's rows, as the site's software names and writes them."""
    chance = np.random.default_rng(zlib.crc32(batch.path.encode()))
    number = np.arange(batch.first, batch.first + batch.forms)
    person, session = number // SESSIONS, number % SESSIONS + 1
    dialect = batch.dialect
    ids = pl.DataFrame({"person": person, "session": session, "nobody": chance.random(batch.forms) < HELD / 2}).select(
        pl.when(~pl.col("nobody")).then(pl.format("{}", pl.col("person") + 100_000)).alias(dialect.participant),
        pl.col("session").alias(dialect.session),
        (pl.date(2024, 1, 8) + pl.duration(days=pl.col("person") % 300 + pl.col("session") * 7))
        .dt.strftime(dialect.date_format)
        .alias(dialect.date),
        pl.format("T{}", pl.col("person") % 25).alias(dialect.therapist),
    )
    answers = pl.DataFrame(simulated(chance, person, session, instrument), schema=item_columns(batch, instrument))
    return ids.hstack(answers.with_columns(pl.all().fill_nan(None)) if _is_decimal(instrument) else _whole(answers))


def simulated(
    chance: np.random.Generator, person: np.ndarray, session: np.ndarray, instrument: Instrument
) -> np.ndarray:
    """Answers as forms by items on the instrument's scale, NaN where missing, a few out of range."""
    response, reversed_items = instrument.response, instrument.reversed_items
    if response is None or reversed_items is None:
        raise ValueError(f"{instrument.id} has no key, so no answers can be simulated for it")
    width = response.max - response.min
    trait = np.random.default_rng(7).normal(size=int(person.max(initial=0)) + 1).astype(np.float32)[person]
    level = 0.62 + 0.12 * trait + 0.01 * session
    noise = chance.normal(0, 0.15, size=(len(person), len(instrument.item_numbers))).astype(np.float32)
    share = np.clip(level[:, None] + noise, 0, 1)
    reverse = [item - 1 for item in reversed_items]
    share[:, reverse] = 1 - share[:, reverse]
    values = response.min + np.round(share * width, 1 if _is_decimal(instrument) else 0)
    values[chance.random(values.shape, dtype=np.float32) < MISSING] = np.nan
    values[chance.random(len(person)) < HELD / 2, 0] = response.max + 80
    return values


def item_columns(batch: Batch, instrument: Instrument) -> list[str]:
    return [batch.dialect.item.format(n=number) for number in instrument.item_numbers]


def write_study(plan: list[Batch], folder: Path) -> None:
    sites: dict[str, dict[str, object]] = {}
    for batch in plan:
        exports = sites.setdefault(batch.site, {"exports": {}})["exports"]
        exports[batch.instrument] = {  # type: ignore[index]
            "files": f"{batch.instrument}_*.csv",
            "instrument": batch.instrument,
            "participant": batch.dialect.participant,
            "session": batch.dialect.session,
            "date": batch.dialect.date,
            "date_format": batch.dialect.date_format,
            "therapist": batch.dialect.therapist,
            "items": batch.dialect.item,
        }
    study = {"study": "benchmark", "title": "Generated for the benchmark", "settle_seconds": 0, "sites": sites}
    YAML().dump(study, folder / "study.yaml")


def write_script_notes(plan: list[Batch], instruments: list[Instrument], folder: Path) -> None:
    """What the author of a study's own script knows by heart: how each file is written, and the key."""
    with (folder / "files.csv").open("w", newline="") as target:
        notes = csv.writer(target)
        notes.writerow(
            [
                "file",
                "site",
                "instrument",
                "sep",
                "decimal",
                "date_format",
                "participant",
                "session",
                "date",
                "therapist",
            ]
        )
        for batch in plan:
            d = batch.dialect
            decimal = "," if d.decimal_comma else "."
            columns = [d.participant, d.session, d.date, d.therapist]
            notes.writerow([batch.path, batch.site, batch.instrument, d.delimiter, decimal, d.date_format, *columns])
    with (folder / "key.csv").open("w", newline="") as target:
        notes = csv.writer(target)
        notes.writerow(["instrument", "item", "scale", "reversed", "low", "high"])
        notes.writerows(line for instrument in instruments for line in key_lines(instrument))


def key_lines(instrument: Instrument) -> list[tuple[str, int, str, bool, float, float]]:
    response, reversed_items = instrument.response, instrument.reversed_items
    if response is None or reversed_items is None:
        raise ValueError(f"{instrument.id} has no key, so a script cannot score it")
    return [
        (instrument.id, item, scale, item in reversed_items, response.min, response.max)
        for scale, scored in instrument.scales.items()
        for item in scored.items
    ]


def _is_decimal(instrument: Instrument) -> bool:
    return instrument.response is not None and not instrument.response.whole_steps


def _whole(answers: pl.DataFrame) -> pl.DataFrame:
    return answers.with_columns(pl.all().fill_nan(None).cast(pl.Int16))


if __name__ == "__main__":
    generate(int(sys.argv[1]), Path(sys.argv[2]))
