"""The published tables and views about the course of a treatment, every column declared once."""

from alliance_etl.instruments.model import COMPONENTS
from alliance_etl.tables import Column, Table
from schemas.columns import FORM_ID, INSTRUMENT, PARTICIPANT, RATER, RATER_ROLE, SESSION, SESSION_DATE, SITE, THERAPIST

COMPONENT = Column("component", "VARCHAR", "goal, task, bond, goal_task or overall", required=True, values=COMPONENTS)
FAMILY = Column("family", "VARCHAR", "family of both forms: different forms are not compared", required=True)
_SERIES = (SITE, PARTICIPANT, THERAPIST, RATER_ROLE, RATER, INSTRUMENT, COMPONENT)

TRAJECTORIES = Table(
    "trajectories",
    "One row per form and component, in its series: what one rater said with one form of questionnaire to one "
    "participant and therapist. Within-person parts for multilevel models, and the value of the previous form.",
    (
        FORM_ID,
        *_SERIES,
        SESSION,
        SESSION_DATE,
        Column(
            "place",
            "BIGINT",
            "place in the series, by session numbers where all its forms have one, else by dates where all have one; "
            "NULL where it has no order",
        ),
        Column("n_forms", "BIGINT", "forms of the series", unit="forms", required=True),
        Column("pomp", "DOUBLE", "the component, percent of maximum possible", unit="percent", required=True),
        Column("person_mean", "DOUBLE", "mean of the series, the between-person part", unit="percent", required=True),
        Column("person_sd", "DOUBLE", "standard deviation within the series; NULL of one form", unit="percent"),
        Column("centred", "DOUBLE", "pomp - person_mean, the within-person part", unit="percent", required=True),
        Column("previous_form_id", "VARCHAR", "form before this one in the series"),
        Column("previous", "DOUBLE", "pomp of that form", unit="percent"),
        Column("change", "DOUBLE", "pomp - previous", unit="percent"),
    ),
    key=("form_id", "component"),
    kind="view",
)
DYADS = Table(
    "dyads",
    "Client and therapist on the same session: one row per session, component and pair of forms of one family.",
    (
        SITE,
        PARTICIPANT,
        THERAPIST,
        FAMILY,
        SESSION,
        SESSION_DATE,
        COMPONENT,
        Column("client_form_id", "VARCHAR", "the client's form", required=True),
        Column("client_instrument", "VARCHAR", "its instrument", required=True),
        Column("client", "DOUBLE", "the component as the client rates it, pomp", unit="percent", required=True),
        Column("therapist_form_id", "VARCHAR", "the therapist's form", required=True),
        Column("therapist_instrument", "VARCHAR", "its instrument", required=True),
        Column(
            "therapist_view", "DOUBLE", "the component as the therapist rates it, pomp", unit="percent", required=True
        ),
        Column("discrepancy", "DOUBLE", "therapist_view - client", unit="percent", required=True),
    ),
    key=("client_form_id", "therapist_form_id", "component"),
    kind="view",
)
DYAD_AGREEMENT = Table(
    "dyad_agreement",
    "How far client and therapist agree over their sessions: one row per participant, therapist, family and component.",
    (
        SITE,
        PARTICIPANT,
        THERAPIST,
        FAMILY,
        COMPONENT,
        Column("n_sessions", "BIGINT", "sessions with both forms", unit="sessions", required=True),
        Column("client_mean", "DOUBLE", "mean of client", unit="percent", required=True),
        Column("therapist_mean", "DOUBLE", "mean of therapist_view", unit="percent", required=True),
        Column(
            "discrepancy",
            "DOUBLE",
            "directional discrepancy: mean of therapist_view - client",
            unit="percent",
            required=True,
        ),
        Column(
            "congruence",
            "DOUBLE",
            "temporal congruence: correlation over sessions; NULL below three, or of one that never varies",
        ),
    ),
    kind="view",
)
RUPTURES = Table(
    "ruptures",
    "Declines of the alliance that go beyond the usual ups and downs, and whether they were repaired (rupture_rules).",
    (
        *_SERIES,
        Column("session", "INTEGER", "session number of the lowest form", unit="session"),
        Column("session_date", "DATE", "its date", unit="day"),
        Column("peak_form_id", "VARCHAR", "form before the decline", required=True),
        Column("trough_form_id", "VARCHAR", "lowest form, the last of the decline", required=True),
        Column("peak", "DOUBLE", "pomp before the decline", unit="percent", required=True),
        Column("trough", "DOUBLE", "lowest pomp", unit="percent", required=True),
        Column("decline", "DOUBLE", "peak - trough", unit="percent", required=True),
        Column("threshold", "DOUBLE", "the decline that makes a rupture of this series", unit="percent", required=True),
        Column("n_declining", "BIGINT", "forms over which it declined", unit="forms", required=True),
        Column("repair_form_id", "VARCHAR", "first later form that has regained enough; NULL where none has"),
        Column("n_to_repair", "BIGINT", "forms from the lowest one to the repair", unit="forms"),
        Column("repaired", "BOOLEAN", "whether it was repaired before the series ends", required=True),
    ),
    key=("trough_form_id", "component"),
    kind="view",
)
RELIABLE_CHANGE = Table(
    "reliable_change",
    "From the first to the last score of a scale: whether the change is beyond error of measurement (change_rules).",
    (
        SITE,
        PARTICIPANT,
        RATER_ROLE,
        RATER,
        INSTRUMENT,
        Column("scale", "VARCHAR", "scale", required=True),
        Column("n_forms", "BIGINT", "scored forms of the series", unit="forms", required=True),
        Column("first_form_id", "VARCHAR", "first form", required=True),
        Column("last_form_id", "VARCHAR", "last form", required=True),
        Column("first_score", "DOUBLE", "its score", unit="points", required=True),
        Column("last_score", "DOUBLE", "its score", unit="points", required=True),
        Column("difference", "DOUBLE", "last_score - first_score", unit="points", required=True),
        Column(
            "se_difference",
            "DOUBLE",
            "standard error of a difference: sd sqrt(2 (1 - reliability))",
            unit="points",
            required=True,
        ),
        Column("rci", "DOUBLE", "reliable change index: difference / se_difference", required=True),
        Column(
            "outcome",
            "VARCHAR",
            "beyond 1.96 for the better or the worse, or neither",
            required=True,
            values=("improved", "deteriorated", "unchanged"),
        ),
        Column("recovered", "BOOLEAN", "improved, and over the cut-off; NULL where there is none"),
        Column("cutoff", "DOUBLE", "cut-off of the rule", unit="points"),
        Column("source", "VARCHAR", "where the rule's numbers come from", required=True),
    ),
    key=("first_form_id", "scale"),
    kind="view",
)
RUPTURE_RULES = Table(
    "rupture_rules",
    "The rule of ruptures, from course in study.yaml: one row.",
    (
        Column("sds", "DOUBLE", "standard deviations within persons that a decline must reach", required=True),
        Column("regained", "DOUBLE", "share of the decline to be regained for a repair", required=True),
        Column("fewest_forms", "INTEGER", "series of fewer forms are not looked at", unit="forms", required=True),
    ),
)
CHANGE_RULES = Table(
    "change_rules",
    "The numbers of reliable change, from course in study.yaml: one row per instrument and scale.",
    (
        INSTRUMENT,
        Column("scale", "VARCHAR", "scale", required=True),
        Column("sd", "DOUBLE", "standard deviation before treatment", unit="points", required=True),
        Column("reliability", "DOUBLE", "reliability of the scale", required=True),
        Column("cutoff", "DOUBLE", "cut-off; NULL where none is given", unit="points"),
        Column("source", "VARCHAR", "where these numbers come from", required=True),
    ),
    key=("instrument", "scale"),
)
