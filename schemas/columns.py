"""Columns that several published tables have: each is described here once."""

from alliance_etl.tables import Column

RATER_ROLES = ("client", "therapist", "observer", "caregiver", "child", "other")

FORM_ID = Column(
    "form_id",
    "VARCHAR",
    "32 hex digits that identify a form: same study, site, participant, instrument, "
    "rater role, rater and session (or date) give the same id",
    required=True,
)
SITE = Column("site", "VARCHAR", "site, as named in study.yaml", required=True)
PARTICIPANT = Column("participant", "VARCHAR", "participant's pseudonym: p_ and 16 characters", required=True)
THERAPIST = Column("therapist", "VARCHAR", "therapist's pseudonym: t_ and 16 characters")
RATER_ROLE = Column("rater_role", "VARCHAR", "who filled the form in", required=True, values=RATER_ROLES)
RATER = Column("rater", "VARCHAR", "rater's pseudonym, where several raters are told apart: r_ and 16 characters")
INSTRUMENT = Column("instrument", "VARCHAR", "id of the instrument in the registry", required=True)
SESSION = Column("session", "INTEGER", "session number", unit="session")
SESSION_DATE = Column("session_date", "DATE", "date of the session", unit="day")
REVISION = Column(
    "revision", "INTEGER", "1 for the first version of a form, one more for each correction", required=True
)
DROP_ID = Column(
    "drop_id", "VARCHAR", "drop that this version came from: first 16 hex digits of the file's SHA-256", required=True
)
LINE = Column("line", "BIGINT", "line of the file, the first line being 1", unit="line", required=True)
RECEIVED_AT = Column("received_at", "TIMESTAMPTZ", "when the drop was taken in", required=True)
N_ANSWERED = Column(
    "n_answered", "INTEGER", "number of items answered; NULL where a site delivers scores only", unit="items"
)

KEY_STATUS = Column(
    "key_status",
    "VARCHAR",
    "how sure the instrument's key is: built_in (verified) or provisional (by analogy; see instruments.warning)",
    required=True,
    values=("built_in", "provisional"),
)

IDENTITY = (FORM_ID, SITE, PARTICIPANT, THERAPIST, RATER_ROLE, RATER, INSTRUMENT, SESSION, SESSION_DATE)
ORIGIN = (REVISION, DROP_ID, LINE, RECEIVED_AT)
