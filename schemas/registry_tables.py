"""The published tables of the registry: instruments, their items, scales and mapping, every column declared once."""

from alliance_etl.instruments.model import COMPONENTS
from alliance_etl.tables import Column, Table

N_ITEMS = Column("n_items", "INTEGER", "number of items", unit="items")

INSTRUMENTS = Table(
    "instruments",
    "The registry: one row per form of questionnaire that is known.",
    (
        Column("instrument", "VARCHAR", "id", required=True),
        Column("family", "VARCHAR", "family of forms, e.g. WAI", required=True),
        Column("name", "VARCHAR", "full name", required=True),
        Column(
            "status",
            "VARCHAR",
            "built_in: key verified; provisional: key by analogy; key_needed: not scored until the "
            "study supplies a key",
            required=True,
            values=("built_in", "provisional", "key_needed"),
        ),
        Column(
            "kind",
            "VARCHAR",
            "alliance; or outcome: how the client is, which never enters goals, tasks or bond",
            required=True,
            values=("alliance", "outcome"),
        ),
        Column(
            "higher_is",
            "VARCHAR",
            "of an outcome measure: whether a higher score means better or worse; NULL for the alliance",
            values=("better", "worse"),
        ),
        Column("rater_roles", "VARCHAR", "who fills it in", required=True),
        N_ITEMS,
        Column("response_min", "DOUBLE", "lowest answer", unit="points"),
        Column("response_max", "DOUBLE", "highest answer", unit="points"),
        Column("response_step", "DOUBLE", "step between answers", unit="points"),
        Column("rule", "VARCHAR", "native rule of its scales: sum or mean"),
        Column("missing_rule", "VARCHAR", "rule for missing items"),
        Column("warning", "VARCHAR", "what to keep in mind with every result"),
        Column("doi", "VARCHAR", "DOI of the source"),
        Column("origin", "VARCHAR", "built in, study, or both", required=True),
    ),
    key=("instrument",),
)
ITEMS = Table(
    "items",
    "One row per instrument and item: direction and scales.",
    (
        Column("instrument", "VARCHAR", "id", required=True),
        Column("item", "INTEGER", "item number", required=True),
        Column("reversed", "BOOLEAN", "true where the key reverses the answer; NULL where not known"),
        Column("scales", "VARCHAR", "subscales with this item, comma between"),
        Column("label", "VARCHAR", "neutral word for the content, never the wording"),
    ),
    key=("instrument", "item"),
)
SCALES = Table(
    "scales",
    "One row per instrument and scale: its items, rule and range.",
    (
        Column("instrument", "VARCHAR", "id", required=True),
        Column("scale", "VARCHAR", "a subscale's name, or total", required=True),
        Column("items", "VARCHAR", "item numbers, comma between", required=True),
        N_ITEMS,
        Column("rule", "VARCHAR", "sum or mean", required=True),
        Column("score_min", "DOUBLE", "lowest possible score", unit="points"),
        Column("score_max", "DOUBLE", "highest possible score", unit="points"),
    ),
    key=("instrument", "scale"),
)
MAPPING = Table(
    "mapping",
    "One row per line of an instrument's mapping onto goals, tasks and bond, with grade and reason.",
    (
        Column("instrument", "VARCHAR", "id", required=True),
        Column(
            "component", "VARCHAR", "component, or none where nothing maps", required=True, values=(*COMPONENTS, "none")
        ),
        Column("grade", "VARCHAR", "A by design, B empirical, C by content"),
        Column("source", "VARCHAR", "scales or items behind it"),
        Column("items", "VARCHAR", "item numbers, comma between"),
        N_ITEMS,
        Column("estimated", "BOOLEAN", "true where this study publishes the component", required=True),
        Column("reason", "VARCHAR", "why it maps, or why it does not"),
        Column("caveat", "VARCHAR", "what to keep in mind"),
    ),
)
