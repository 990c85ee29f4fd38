"""The instruments of a study, each with the rules that it is scored by and the table that it is published as."""

from collections.abc import Sequence

import polars as pl

from alliance_etl.crosswalks.chosen import ruler_of
from alliance_etl.crosswalks.model import Crosswalk
from alliance_etl.instruments.registry import Registry
from alliance_etl.night.plans import given_scales, item_type
from alliance_etl.night.promises import Promises
from alliance_etl.publication.scored import Scoring
from alliance_etl.study.model import Study


def scorings_of(
    study: Study, registry: Registry, promises: Promises, crosswalks: Sequence[Crosswalk] = ()
) -> list[Scoring]:
    """One Scoring for each instrument that an export has, in the order of study.yaml."""
    used = dict.fromkeys(export.instrument for site in study.sites.values() for export in site.exports.values())
    return [_scoring(study, registry, promises, crosswalks, instrument_id) for instrument_id in used]


def _scoring(
    study: Study, registry: Registry, promises: Promises, crosswalks: Sequence[Crosswalk], instrument_id: str
) -> Scoring:
    instrument = registry[instrument_id]
    c_grade = study.scoring.wants_c_grade(instrument_id)
    whole = item_type(study, registry, instrument_id) == pl.Int8
    return Scoring(
        instrument=instrument,
        fingerprint=registry.fingerprint(instrument_id),
        min_answered=study.scoring.min_answered,
        c_grade=c_grade,
        given_scales=given_scales(study, instrument_id),
        table=promises.answers_table(instrument, whole, c_grade),
        ruler=ruler_of(instrument_id, crosswalks),
    )
