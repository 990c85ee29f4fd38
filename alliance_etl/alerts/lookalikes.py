"""The rule about ids that look the same and are not: one person may be two for all tables."""

from collections.abc import Sequence

import polars as pl

from alliance_etl.alerts.rules import FOUND
from alliance_etl.intake.identity import Lookalike

WHOSE = ("form_id", "drop_id", "line", "participant", "therapist")
"""The columns of forms that the rule looks at."""

_EXPECTED = (
    "one spelling of one id: another id of the site looks the same, and this one has characters of another alphabet, "
    "or some that nobody sees"
)


def lookalike_ids(site: str, forms: pl.LazyFrame, known: Sequence[Lookalike]) -> pl.DataFrame:
    """FOUND rows, one for each participant and therapist whose id looks like another's of the site's current forms
    (WHOSE), and is not in plain characters.

    Basis: an id that is typed on two keyboards, or copied from a document, may differ where nobody sees it (Unicode UTS
    39). The one in plain characters is not blamed. The alert stands at the first form by id, for all of that person's.
    """
    found = [pl.DataFrame(schema=FOUND)]
    for kind in sorted({each.kind for each in known}):
        twins = pl.DataFrame(
            [each for each in known if each.kind == kind], schema=["kind", "person", "twin"], orient="row"
        )
        people = (
            forms.select("form_id", "drop_id", "line", person=pl.col(kind))
            .filter(pl.col("person").is_in(pl.concat([twins["person"], twins["twin"]]).implode()))
            .sort("form_id")
            .group_by("person")
            .agg(pl.all().first(), forms=pl.len())
            .collect()
        )
        alike = pl.concat([twins.select("person", "twin"), twins.select(person="twin", twin="twin")]).unique()
        there = people.join(alike, on="person").filter(pl.col("person").n_unique().over("twin") > 1)
        found.append(
            there.filter(pl.col("person") != pl.col("twin")).select(
                subject=pl.format("{} {} {}", pl.lit(site), pl.lit(kind), "person"),
                form_id="form_id",
                site=pl.lit(site),
                drop_id="drop_id",
                line="line",
                code=pl.lit("lookalike_id"),
                forms=pl.col("forms").cast(pl.Int64),
                values=pl.format("{} {}", "person", "twin"),
                expected=pl.format("{}: {}", pl.lit(kind), pl.lit(_EXPECTED)),
            )
        )
    return pl.concat(found).sort("subject")
