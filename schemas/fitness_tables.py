"""The published tables of fitness for use and of expected forms, every column declared once."""

from dataclasses import replace

from alliance_etl.fitness.catalogue import criteria
from alliance_etl.tables import Column, Table
from schemas.columns import FORM_ID, INSTRUMENT, PARTICIPANT, RATER_ROLE, SESSION, SITE, THERAPIST

_CRITERION = Column(
    "criterion", "VARCHAR", "criterion, explained in fitness_criteria", required=True, values=tuple(criteria())
)

FITNESS = Table(
    "fitness",
    "Fitness for use: one row per site, instrument and rater role (and each of its therapists) and criterion. "
    "It changes no number; what is doubtful is a warning.",
    (
        SITE,
        INSTRUMENT,
        replace(RATER_ROLE, required=False, description="who filled the forms in; NULL where any role counts"),
        Column(
            "level",
            "VARCHAR",
            "site: all forms of the site; therapist: those of one therapist",
            required=True,
            values=("site", "therapist"),
        ),
        THERAPIST,
        _CRITERION,
        Column("numerator", "BIGINT", "what the criterion counts; NULL where it does not apply", low=0),
        Column("denominator", "BIGINT", "of how many; NULL where it does not apply", low=0),
        Column("share", "DOUBLE", "numerator by denominator; NULL where there is nothing to count", low=0, high=1),
        Column("threshold", "DOUBLE", "the largest share that is fit, from fitness in study.yaml", required=True),
        Column(
            "outcome",
            "VARCHAR",
            "fit; doubtful: share above threshold; too_few forms to judge; not_applicable to this instrument or site",
            required=True,
            values=("fit", "doubtful", "too_few", "not_applicable"),
        ),
    ),
)

FITNESS_CRITERIA = Table(
    "fitness_criteria",
    "The criteria of fitness for use: what each counts, of how many, and what to do.",
    (
        _CRITERION,
        Column("title", "VARCHAR", "in a few words", required=True),
        Column("numerator", "VARCHAR", "what is counted", required=True),
        Column("denominator", "VARCHAR", "of how many", required=True),
        Column("means", "VARCHAR", "what a doubtful outcome means", required=True),
        Column("next", "VARCHAR", "what to do then", required=True),
        Column("source", "VARCHAR", "where the criterion comes from", required=True),
    ),
    key=("criterion",),
)

DUPLICATE_ANSWERS = Table(
    "duplicate_answers",
    "Pairs of complete forms with the same answers from two participants of a site, beyond chance.",
    (
        SITE,
        INSTRUMENT,
        RATER_ROLE,
        FORM_ID,
        replace(FORM_ID, name="same_as", description="the other form, with the same answers from another participant"),
        Column("shared", "BIGINT", "forms that the two participants have in common so", unit="forms", required=True),
        Column(
            "chance",
            "DOUBLE",
            "number of pairs with as much in common that a site without copies is expected to have",
            required=True,
            low=0,
        ),
    ),
    key=("form_id", "same_as"),
)

EXPECTATIONS = Table(
    "expectations",
    "The forms that expects in study.yaml asks for: one row per site, instrument and run of sessions.",
    (
        SITE,
        INSTRUMENT,
        Column("first", "INTEGER", "first expected session; NULL where forms are expected by days", unit="session"),
        Column("every", "INTEGER", "from one expected session to the next", unit="session"),
        Column("last", "INTEGER", "last expected session; NULL: up to the participant's last", unit="session"),
        Column("every_days", "INTEGER", "one form in so many days; NULL where sessions are expected", unit="days"),
        Column("raters", "INTEGER", "forms that are expected of each session, by as many raters", required=True),
    ),
)

EXPECTED_FORMS_VIEW = Table(
    "expected_forms",
    "Every form that expects in study.yaml asks for, there or not: up to each participant's last session, and between "
    "the first and the last date.",
    (
        SITE,
        PARTICIPANT,
        replace(THERAPIST, description="therapist of the participant's last form that names one"),
        INSTRUMENT,
        SESSION,
        Column("due_from", "DATE", "first day of the days in which a form is expected, where sessions have no numbers"),
        Column("due_before", "DATE", "the day after the last of them"),
        Column("n_expected", "INTEGER", "forms that are expected", unit="forms", required=True),
        Column("n_there", "INTEGER", "of these, forms that are there", unit="forms", required=True),
        Column("n_missing", "INTEGER", "of these, forms that are missing", unit="forms", required=True),
    ),
    kind="view",
)
