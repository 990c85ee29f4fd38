"""The criteria of fitness for use by name: what each counts, and what a doubtful outcome means.

The words are in criteria.yaml.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml


@dataclass(frozen=True)
class Criterion:
    """One criterion. `bears` names the share of study.yaml's `fitness` up to which it is fit; None: nothing is borne.

    `levels` are site and therapist, or site alone; `next` is what to do, `source` where the criterion comes from.
    """

    name: str
    title: str
    numerator: str
    denominator: str
    means: str
    next: str
    source: str
    levels: tuple[str, ...]
    bears: str | None = None


@cache
def criteria() -> dict[str, Criterion]:
    """All criteria by name, in the order in which they are told."""
    text = files("alliance_etl.fitness").joinpath("criteria.yaml").read_text(encoding="utf-8")
    return {
        name: Criterion(name, **{**told, "levels": tuple(told["levels"])})
        for name, told in yaml.safe_load(text).items()
    }


def criterion_rows() -> list[dict[str, str]]:
    """The rows of the table `fitness_criteria`."""
    return [
        {
            "criterion": criterion.name,
            "title": criterion.title,
            "numerator": criterion.numerator,
            "denominator": criterion.denominator,
            "means": criterion.means,
            "next": criterion.next,
            "source": criterion.source,
        }
        for criterion in criteria().values()
    ]
