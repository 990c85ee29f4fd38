"""The published tables of crosswalks, and the columns of linked scores, every column declared once."""

from alliance_etl.instruments.model import COMPONENTS
from alliance_etl.tables import Column, Table
from schemas.columns import PARTICIPANT, RATER_ROLE, SESSION, SESSION_DATE, SITE

_ID = Column("crosswalk_id", "VARCHAR", "crosswalk: source--target--version", required=True)
_COMPONENT = Column("component", "VARCHAR", "component that is linked, or total", required=True)

LINKED_COLUMNS = (
    Column(
        "linked",
        "DOUBLE",
        "the score on the ruler of `metric`: the component's POMP there that is as high in the same population; NULL "
        "where study.yaml names no crosswalk for it",
        unit="percent",
    ),
    Column(
        "linked_se",
        "DOUBLE",
        "standard error of linked, from estimating the crosswalk; 0 on the own ruler; too small where extrapolated",
        unit="percent",
    ),
    Column(
        "measurement_se",
        "DOUBLE",
        "standard error of measurement of a single form, on the same ruler; NULL where reliability is not known",
        unit="percent",
    ),
    Column("metric", "VARCHAR", "instrument on whose ruler linked is"),
    Column("crosswalk_id", "VARCHAR", "crosswalk that linked it; NULL on the own ruler"),
    Column(
        "extrapolated",
        "BOOLEAN",
        "whether fewer than five participants of the crosswalk had scores as far out; NULL where nothing is linked",
    ),
)

CROSSWALKS = Table(
    "crosswalks",
    "The crosswalks that study.yaml names: one row per component, with what it was estimated from.",
    (
        _ID,
        _COMPONENT,
        Column("source", "VARCHAR", "instrument whose scores are linked", required=True),
        Column("target", "VARCHAR", "instrument on whose ruler they are put", required=True),
        Column("study", "VARCHAR", "study whose forms it was estimated from", required=True),
        Column("estimated_on", "DATE", "day of the estimation", required=True),
        Column(
            "design",
            "VARCHAR",
            "single_group: both forms for one session; nested_items: one form holds the other's items; "
            "nearby_sessions: the same people within some days; common_items: other people, by items in both",
        ),
        Column(
            "method",
            "VARCHAR",
            "by the scores: kernel, equipercentile, linear or mean, and by common items frequency_estimation, tucker "
            "or levine; by a model of the items: irt_true_score, irt_observed_score or calibrated_projection",
            required=True,
        ),
        Column("pairs", "BIGINT", "pairs of forms; 0 under common_items", unit="pairs"),
        Column("participants", "BIGINT", "participants whose forms were used", unit="participants"),
        Column("first", "DATE", "day of the first form"),
        Column("last", "DATE", "day of the last form"),
        Column(
            "correlation",
            "DOUBLE",
            "Pearson's r of both scores; under common_items the lower one of both scores with that on the common items",
            low=-1,
            high=1,
        ),
        Column(
            "common_items", "BIGINT", "items that link forms of different people; NULL for other designs", unit="items"
        ),
        Column(
            "anchor_difference",
            "DOUBLE",
            "how much higher the source's people answer the common items than the target's, in their pooled sd",
        ),
        Column("apart_at_most", "BIGINT", "what was allowed between both forms under nearby_sessions, in apart_unit"),
        Column("apart_unit", "VARCHAR", "days or sessions"),
        Column(
            "drift",
            "DOUBLE",
            "how much higher the target's scores are where its form came second than where it came first: what the "
            "alliance changed in between; NULL for other designs",
            unit="percent",
        ),
        Column("drift_error", "DOUBLE", "standard error of drift", unit="percent"),
        Column("calibration", "VARCHAR", "by items: concurrent, or what moved one calibration to the other"),
        Column("known_from", "VARCHAR", "crosswalk whose parameters of the target's items were held fixed"),
        Column("trait_correlation", "DOUBLE", "of both traits, under calibrated projection", low=-1, high=1),
        Column("override", "VARCHAR", "why it was linked although r is below .866"),
        Column("source_alpha", "DOUBLE", "Cronbach's alpha of the source in the pairs; NULL for one item"),
        Column("target_alpha", "DOUBLE", "Cronbach's alpha of the target in the pairs; NULL for one item"),
        Column("mean_error", "DOUBLE", "mean standard error over the source's scores", unit="percent"),
        Column(
            "measurement_error", "DOUBLE", "standard error of measurement of a source's form, linked", unit="percent"
        ),
        Column("remsd", "DOUBLE", "root expected mean square difference between sites' links, in sd of the target"),
        Column("software", "VARCHAR", "what estimated it"),
    ),
    key=("crosswalk_id", "component"),
)

CROSSWALK_POINTS = Table(
    "crosswalk_points",
    "Every possible score of a crosswalk's source and what it is linked to, both in percent of maximum possible.",
    (
        _ID,
        _COMPONENT,
        Column("score", "DOUBLE", "POMP of the source", unit="percent", required=True),
        Column("linked", "DOUBLE", "POMP of the target", unit="percent", required=True),
        Column("error", "DOUBLE", "standard error of linked", unit="percent", required=True),
        Column(
            "beyond",
            "BIGINT",
            "participants whose scores are at least as far out, of the source or of the target where these are fewer; "
            "below 5 the link is extrapolated there; NULL in files that do not tell",
            unit="participants",
        ),
        Column("trait", "DOUBLE", "by items: where people with this score are expected on the target's trait"),
        Column("trait_sd", "DOUBLE", "how far they are spread there"),
    ),
    key=("crosswalk_id", "component", "score"),
)

ALLIANCE_POOLED = Table(
    "alliance_pooled",
    "One row per session, rater role, component and ruler: the mean of the linked scores of its forms, with its "
    "standard error. Scores that are on different rulers, or on none, are never averaged.",
    (
        SITE,
        PARTICIPANT,
        RATER_ROLE,
        SESSION,
        SESSION_DATE,
        Column("component", "VARCHAR", "goal, task, bond, goal_task or overall", required=True, values=COMPONENTS),
        Column("metric", "VARCHAR", "instrument on whose ruler pooled is", required=True),
        Column("pooled", "DOUBLE", "mean of linked", unit="percent"),
        Column(
            "pooled_se",
            "DOUBLE",
            "standard error of pooled from the crosswalks: forms of one crosswalk err together, those of different "
            "crosswalks on their own",
            unit="percent",
        ),
        Column("n_forms", "BIGINT", "forms behind it", unit="forms"),
        Column("instruments", "VARCHAR", "their instruments, in order of the alphabet"),
        Column("extrapolated", "BOOLEAN", "whether one of the linked scores is extrapolated"),
    ),
    kind="view",
)
