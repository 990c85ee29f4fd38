"""The same answers from two people: found where somebody has copied, not where people merely resemble each other."""

import numpy as np
import polars as pl
import pytest

from alliance_etl.fitness.duplicates import CHANCE, duplicates_of
from alliance_etl.instruments.model import Instrument
from alliance_etl.instruments.registry import load_registry

REGISTRY = load_registry()


def answered(instrument: Instrument, people: int, sessions: int, seed: int) -> pl.DataFrame:
    """Forms of people who differ in how good their alliance is, in how they see each item, and in how far they go.

    A graded response model with loadings of .55 to .85, sessions of a person correlated at .8, three quarters of the
    answers above the middle: what makes forms of different people equal without anybody having copied.
    """
    random, k, response = np.random.default_rng(seed), len(instrument.item_numbers), instrument.response
    assert response is not None
    steps = round((response.max - response.min) / (response.step or 0.1))
    loading = random.uniform(0.55, 0.85, k)
    person = random.normal(size=(people, 1)) * np.sqrt(0.8)
    latent = (person + random.normal(size=(people, sessions)) * np.sqrt(0.2))[:, :, None]
    own = 0.6 * random.normal(size=(people, 1, k)) + 0.8 * random.normal(size=(people, sessions, k))
    style = np.exp(0.5 * random.normal(size=(people, 1, 1)))
    continuous = (loading * latent + np.sqrt(1 - loading**2) * own + 0.8) * style
    step = np.searchsorted(np.linspace(-2, 2, steps), continuous.ravel()).reshape(continuous.shape)
    turned = np.array([n in set(instrument.reversed_items or ()) for n in instrument.item_numbers])
    answers = response.min + np.where(turned, steps - step, step) * (response.max - response.min) / steps
    person_of, session_of = np.indices((people, sessions))
    return pl.DataFrame(
        {
            "form_id": [f"{p:04d}-{s}" for p, s in zip(person_of.ravel(), session_of.ravel(), strict=True)],
            "participant": [f"p{p:04d}" for p in person_of.ravel()],
            **{f"item_{n}": answers[:, :, place].ravel() for place, n in enumerate(instrument.item_numbers)},
        }
    )


def with_copies(forms: pl.DataFrame, number: int) -> pl.DataFrame:
    """The same, and so many forms of one person once more under another person's id."""
    copied = forms.filter(participant="p0003").head(number)
    ids = pl.Series([f"copy-{n}" for n in range(number)])
    return pl.concat([forms, copied.with_columns(form_id=ids, participant=pl.lit("p0007"))])


@pytest.mark.parametrize("instrument_id", ["wai_sr_client", "srs3_client", "wai36_client", "haq2_patient"])
def test_people_who_have_not_copied_are_not_suspected(instrument_id: str) -> None:
    suspected = [
        duplicates_of(answered(REGISTRY[instrument_id], 60, 8, seed), REGISTRY[instrument_id]) for seed in range(8)
    ]
    assert [found.height for found in suspected] == [0] * 8


def test_one_copied_form_of_36_items_is_found() -> None:
    forms = with_copies(answered(REGISTRY["wai36_client"], 60, 8, seed=1), 1)
    (found,) = duplicates_of(forms, REGISTRY["wai36_client"]).to_dicts()
    assert (found["form_id"], found["same_as"], found["shared"]) == ("0003-0", "copy-0", 1)
    assert found["chance"] < CHANCE


@pytest.mark.parametrize("instrument_id", ["wai_sr_client", "srs3_client", "haq2_patient"])
def test_of_short_forms_several_copies_are_found(instrument_id: str) -> None:
    instrument = REGISTRY[instrument_id]
    found = [
        duplicates_of(with_copies(answered(instrument, 60, 8, seed), 6), instrument).height > 0 for seed in range(8)
    ]
    assert sum(found) >= 5  # the others' forms are all at the ceiling: a style, and no proof


def test_a_style_is_no_proof() -> None:
    """Everything at its best, or with two answers apart, is what many people tick."""
    instrument = REGISTRY["wai36_client"]
    forms = answered(instrument, 60, 8, seed=2)
    best = {
        f"item_{n}": pl.lit(1.0 if n in set(instrument.reversed_items or ()) else 7.0) for n in instrument.item_numbers
    }
    apart = {"item_2": pl.lit(4.0), "item_5": pl.lit(6.0)}
    of_two = pl.col("form_id").is_in(["0003-0", "0007-0"])
    changed = forms.with_columns(
        pl.when(of_two).then({**best, **apart}[name]).otherwise(pl.col(name)).alias(name) for name in best
    )
    assert duplicates_of(changed, instrument).is_empty()


def test_equal_forms_of_one_person_prove_nothing() -> None:
    instrument = REGISTRY["wai36_client"]
    forms = answered(instrument, 60, 8, seed=3)
    again = forms.filter(participant="p0003").head(3).with_columns(form_id=pl.Series(["x", "y", "z"]))
    assert duplicates_of(pl.concat([forms, again]), instrument).is_empty()


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_next_to_no_forms_are_no_trouble(rows: int) -> None:
    instrument = REGISTRY["wai_sr_client"]
    assert duplicates_of(answered(instrument, 10, 1, seed=4).head(rows), instrument).is_empty()
