"""The view that puts the alliance and the outcome of one session side by side."""

from alliance_etl.instruments.model import COMPONENTS
from alliance_etl.tables import Column, Table
from schemas.columns import PARTICIPANT, SESSION, SESSION_DATE, SITE, THERAPIST

ALLIANCE_OUTCOME = Table(
    "alliance_outcome",
    "Alliance and outcome of one session: one row per form and component of the alliance, and scale of an outcome form "
    "of the same participant and session (or day, where the session has no number). A form without the other stands "
    "alone, so nothing is left out; an average over rows counts a form once for each other that it meets.",
    (
        SITE,
        PARTICIPANT,
        SESSION,
        SESSION_DATE,
        Column("form_id", "VARCHAR", "form of the alliance; NULL where the session has none"),
        THERAPIST,
        Column("rater_role", "VARCHAR", "who rated the alliance"),
        Column("instrument", "VARCHAR", "form of questionnaire of the alliance"),
        Column("component", "VARCHAR", "goal, task, bond, goal_task or overall", values=COMPONENTS),
        Column("grade", "VARCHAR", "evidence for the mapping", values=("A", "B", "C")),
        Column("pomp", "DOUBLE", "the component, percent of maximum possible", unit="percent"),
        Column("linked", "DOUBLE", "the component on the ruler of metric", unit="percent"),
        Column("linked_se", "DOUBLE", "standard error of linked", unit="percent"),
        Column("metric", "VARCHAR", "instrument on whose ruler linked is"),
        Column("outcome_form_id", "VARCHAR", "outcome form; NULL where the session has none"),
        Column("outcome", "VARCHAR", "form of questionnaire of the outcome"),
        Column("outcome_rater_role", "VARCHAR", "who rated the outcome"),
        Column("scale", "VARCHAR", "scale of the outcome form"),
        Column("score", "DOUBLE", "its native score; NULL where it is not scored", unit="points"),
        Column("score_min", "DOUBLE", "lowest possible score", unit="points"),
        Column("score_max", "DOUBLE", "highest possible score", unit="points"),
        Column("higher_is", "VARCHAR", "whether a higher score means better or worse", values=("better", "worse")),
        Column("outcome_date", "DATE", "date of the outcome form"),
    ),
    kind="view",
)
