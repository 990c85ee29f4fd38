"""The key `course` of study.yaml: by which rules the course of a treatment is told."""

from typing import Annotated

from pydantic import Field

from alliance_etl.study.fields import Slug, Text
from alliance_etl.study.strict import Strict


class Ruptures(Strict):
    """When a decline of the alliance is a rupture, and when it is repaired."""

    sds: Annotated[float, Field(gt=0)] = Field(
        default=1.0,
        description="How far a decline must go, in standard deviations within persons: the person's own, or the mean "
        "of all persons' where that is larger.",
    )
    regained: Annotated[float, Field(gt=0, le=1)] = Field(
        default=1.0, description="Share of the decline that must be regained later for the rupture to be repaired."
    )
    fewest_forms: int = Field(default=4, ge=3, description="Series of fewer forms are not looked at.")


class ReliableChange(Strict):
    """What is needed to tell change from error of measurement on one scale."""

    instrument: Slug = Field(description="The instrument, by its id.")
    scale: Text = Field(default="total", description="The scale.")
    sd: float = Field(gt=0, description="Standard deviation of scores before treatment, in points of the scale.")
    reliability: float = Field(gt=0, lt=1, description="Reliability of the scale, as published or as of this study.")
    cutoff: float | None = Field(
        default=None, description="Score between those who are in treatment and those who are not, in points."
    )
    source: Text = Field(description="Where these numbers come from; it stands beside every result.")


class Course(Strict):
    """By which rules the course of a treatment is told."""

    ruptures: Ruptures = Field(default=Ruptures(), description="When a decline is a rupture, and when it is repaired.")
    change: tuple[ReliableChange, ...] = Field(
        default=(), description="For which scales reliable change is told, and by which numbers."
    )
