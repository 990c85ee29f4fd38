"""The quality report after each publication: the key `quality` of study.yaml. Making it is alliance_etl.quality's."""

from pydantic import Field

from alliance_etl.study.strict import Strict


class Quality(Strict):
    """What the quality report looks for."""

    enabled: bool = Field(
        default=True, description="Whether Dagster makes the report after each publication (needs the extra quality)."
    )
    shrinks: float = Field(
        default=0.02,
        ge=0,
        le=1,
        description="Share of its rows that a table may lose against the last publication before.",
    )
    largest_shift: float = Field(
        default=10.0,
        gt=0,
        description="How far the mean of a site's newest forms may be from that of its earlier ones, in percent of "
        "maximum possible.",
    )
    new_days: int = Field(default=35, ge=1, description="Forms that came in so many last days are the newest.")
    fewest_people: int = Field(
        default=10, ge=2, description="Newest or earlier forms of fewer people are not compared."
    )
    minutes: float = Field(default=30.0, gt=0, description="After so many minutes the report is given up.")
