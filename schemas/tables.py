"""The published tables: every column declared once, where it is promised (contract, section 4).

What belongs here: names, types, units and meanings. How rows come about is in alliance_etl.publication.
"""

from alliance_etl.instruments.model import COMPONENTS
from alliance_etl.tables import Column, Table
from schemas.alert_tables import ALERTS, CONFIRMATIONS
from schemas.columns import (
    DROP_ID,
    FORM_ID,
    IDENTITY,
    INSTRUMENT,
    KEY_STATUS,
    N_ANSWERED,
    ORIGIN,
    PARTICIPANT,
    RATER_ROLE,
    RECEIVED_AT,
    SESSION,
    SESSION_DATE,
    SITE,
    THERAPIST,
)
from schemas.course_tables import (
    CHANGE_RULES,
    DYAD_AGREEMENT,
    DYADS,
    RELIABLE_CHANGE,
    RUPTURE_RULES,
    RUPTURES,
    TRAJECTORIES,
)
from schemas.crosswalk_tables import ALLIANCE_POOLED, CROSSWALK_POINTS, CROSSWALKS, LINKED_COLUMNS
from schemas.fitness_tables import (
    DUPLICATE_ANSWERS,
    EXPECTATIONS,
    EXPECTED_FORMS_VIEW,
    FITNESS,
    FITNESS_CRITERIA,
)
from schemas.outcome_tables import ALLIANCE_OUTCOME
from schemas.registry_tables import INSTRUMENTS, ITEMS, MAPPING, N_ITEMS, SCALES

FORMS = Table(
    "forms",
    "One row per form (a filled-in questionnaire): its newest revision.",
    (*IDENTITY, *ORIGIN, N_ITEMS, N_ANSWERED),
    key=("form_id",),
    kind="view",
)

RESPONSES = Table(
    "responses",
    "One row per form and item, also where all items are missing.",
    (
        FORM_ID,
        Column("item", "INTEGER", "item number on the form", required=True),
        Column(
            "value", "DOUBLE", "answer on the instrument's own scale, as answered; NULL where missing", unit="points"
        ),
        Column("keyed", "DOUBLE", "answer after reversing where the key says so", unit="points"),
        Column(
            "missing",
            "VARCHAR",
            "why the value is NULL: a reason that study.yaml declares, `blank`, or "
            "`scores_only` where the site delivers scale scores instead of answers",
        ),
    ),
    key=("form_id", "item"),
    kind="view",
)

SCORES = Table(
    "scores",
    "One row per form and scale, scored by the instrument's own rule.",
    (
        FORM_ID,
        Column("scale", "VARCHAR", "a subscale's name, or total", required=True),
        Column(
            "score",
            "DOUBLE",
            "score by the instrument's own rule; NULL with too few items. Of an outcome measure instruments.higher_is "
            "says whether more is better or worse",
            unit="points",
        ),
        Column("score_min", "DOUBLE", "lowest possible score", unit="points", required=True),
        Column("score_max", "DOUBLE", "highest possible score", unit="points", required=True),
        N_ITEMS,
        N_ANSWERED,
        Column("prorated", "BOOLEAN", "true where missing items were made up for by the answered ones", required=True),
        Column("status", "VARCHAR", "whether there is a score", required=True, values=("scored", "too_few_items")),
        KEY_STATUS,
    ),
    key=("form_id", "scale"),
    kind="view",
)

ALLIANCE = Table(
    "alliance",
    "One row per form and component that its instrument maps to: goals, tasks and bond (Bordin) on one ruler.",
    (
        FORM_ID,
        SITE,
        PARTICIPANT,
        THERAPIST,
        RATER_ROLE,
        INSTRUMENT,
        SESSION,
        SESSION_DATE,
        Column(
            "component",
            "VARCHAR",
            "goal, task, bond, goal_task (not separable) or overall",
            required=True,
            values=COMPONENTS,
        ),
        Column(
            "grade",
            "VARCHAR",
            "evidence for the mapping: A by design, B empirical, C by content",
            required=True,
            values=("A", "B", "C"),
        ),
        Column(
            "pomp",
            "DOUBLE",
            "percent of maximum possible: 100 (mean - min) / (max - min) of the component's answered "
            "keyed items; NULL with too few items",
            unit="percent",
        ),
        N_ITEMS,
        N_ANSWERED,
        Column(
            "status", "VARCHAR", "whether there is an estimate", required=True, values=("estimated", "too_few_items")
        ),
        KEY_STATUS,
        *LINKED_COLUMNS,
    ),
    key=("form_id", "component"),
    kind="view",
)

ALLIANCE_WIDE = Table(
    "alliance_wide",
    "One row per form: ids and each component as percent of maximum possible, NULL where not estimated.",
    (
        *IDENTITY,
        *(
            Column(component, "DOUBLE", f"{component}, percent of maximum possible", unit="percent")
            for component in COMPONENTS
        ),
        KEY_STATUS,
    ),
    key=("form_id",),
    kind="view",
)

SUPERSEDED_AT = Column("superseded_at", "TIMESTAMPTZ", "when a later drop replaced this version; NULL for the newest")
REVISIONS = Table(
    "revisions",
    "Every version that a form has had.",
    (FORM_ID, *ORIGIN, SUPERSEDED_AT),
    key=("form_id", "revision"),
    kind="view",
)
SUPERSEDED = Table(
    "superseded",
    "The versions that later drops replaced; with the newest versions they make up `revisions`.",
    REVISIONS.columns,
    key=("form_id", "revision"),
)

_FILE = Column("file", "VARCHAR", "name of the dropped file", required=True)
DROPS = Table(
    "drops",
    "One row per dropped file and what became of its rows.",
    (
        DROP_ID,
        SITE,
        _FILE,
        Column("sha256", "VARCHAR", "SHA-256 of the file's bytes", required=True),
        Column("bytes", "BIGINT", "size of the file", unit="bytes", required=True),
        RECEIVED_AT,
        Column(
            "status",
            "VARCHAR",
            "what became of the file",
            required=True,
            values=("accepted", "accepted_with_findings", "rejected", "duplicate"),
        ),
        Column("rows_read", "BIGINT", "rows after the header, summed over the exports that read the file", unit="rows"),
        Column("new", "BIGINT", "rows with a form not seen before", unit="rows"),
        Column("changed", "BIGINT", "rows that replaced an earlier version of their form", unit="rows"),
        Column("unchanged", "BIGINT", "rows equal to what was there", unit="rows"),
        Column("held", "BIGINT", "rows held back, each with a finding", unit="rows"),
        Column("skipped", "BIGINT", "rows that are blank or that skip_rows leaves out", unit="rows"),
    ),
)

FINDINGS = Table(
    "findings",
    "What was found in the drops; findings of one cause are folded into one, with their count.",
    (
        DROP_ID,
        SITE,
        _FILE,
        Column("export", "VARCHAR", "export of study.yaml that read the row; NULL for the file as a whole"),
        Column("line", "BIGINT", "line of the file (the first, where several are folded)", unit="line"),
        Column("column", "VARCHAR", "column's name in the file"),
        Column("cell", "VARCHAR", "cell as a spreadsheet shows it, e.g. C17"),
        Column("code", "VARCHAR", "stable code of the finding", required=True),
        Column(
            "severity",
            "VARCHAR",
            "error: the row is held; alert: published, look at it; warning: for information",
            required=True,
            values=("error", "alert", "warning"),
        ),
        Column("value", "VARCHAR", "what the cell holds, only if it is a number, a date or a declared code"),
        Column("expected", "VARCHAR", "what was expected"),
        Column("message", "VARCHAR", "what is wrong, in a sentence", required=True),
        Column("how_to_fix", "VARCHAR", "what to do next", required=True),
        Column("count", "BIGINT", "number of cells or rows with this cause", required=True),
    ),
)

CODEBOOK = Table(
    "codebook",
    "Every published column and what it means.",
    (
        Column("table", "VARCHAR", "table or view", required=True),
        Column("column", "VARCHAR", "column", required=True),
        Column("type", "VARCHAR", "DuckDB type", required=True),
        Column("unit", "VARCHAR", "unit"),
        Column("description", "VARCHAR", "meaning", required=True),
    ),
    key=("table", "column"),
)
META = Table(
    "meta",
    "About this publication: versions, run, time, configuration.",
    (
        Column("key", "VARCHAR", "what", required=True),
        Column("value", "VARCHAR", "its value"),
    ),
    key=("key",),
)

VIEWS: tuple[Table, ...] = (
    FORMS,
    RESPONSES,
    SCORES,
    ALLIANCE,
    ALLIANCE_WIDE,
    ALLIANCE_POOLED,
    REVISIONS,
    EXPECTED_FORMS_VIEW,
    ALLIANCE_OUTCOME,
    TRAJECTORIES,
    DYADS,
    DYAD_AGREEMENT,
    RUPTURES,
    RELIABLE_CHANGE,
)
STORED: tuple[Table, ...] = (
    DROPS,
    FINDINGS,
    ALERTS,
    CONFIRMATIONS,
    SUPERSEDED,
    INSTRUMENTS,
    ITEMS,
    SCALES,
    MAPPING,
    CROSSWALKS,
    CROSSWALK_POINTS,
    FITNESS,
    FITNESS_CRITERIA,
    DUPLICATE_ANSWERS,
    EXPECTATIONS,
    RUPTURE_RULES,
    CHANGE_RULES,
    CODEBOOK,
    META,
)
TABLES: dict[str, Table] = {table.name: table for table in (*VIEWS, *STORED)}
