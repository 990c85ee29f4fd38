"""Example queries over the published tables: each can be pasted into DuckDB as it stands, on any study."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Query:
    """A query, what it is called and what its result shows."""

    title: str
    shows: str
    sql: str


FORMS_BY_SITE = Query(
    "Forms per site and instrument",
    "who sent how much of what, from whose point of view",
    """
    SELECT site, instrument, rater_role, count(*) AS forms, count(DISTINCT participant) AS participants
    FROM forms
    GROUP BY ALL
    ORDER BY forms DESC, site, instrument
    """,
)

ALLIANCE_BY_SESSION = Query(
    "Goals, tasks and bond, session by session",
    "client forms of all instruments on one ruler, 0 to 100",
    """
    SELECT site, session, round(avg(goal), 1) AS goal, round(avg(task), 1) AS task, round(avg(bond), 1) AS bond,
           count(*) AS forms
    FROM alliance_wide
    WHERE rater_role = 'client' AND bond IS NOT NULL
    GROUP BY site, session
    ORDER BY site, session
    """,
)

CLIENT_AND_THERAPIST = Query(
    "The same session seen by client and therapist",
    "how far apart the two are; forms of the two are paired, never pooled",
    """
    SELECT client.session, count(*) AS pairs, round(avg(client.bond), 1) AS bond_client,
           round(avg(therapist.bond), 1) AS bond_therapist, round(corr(client.bond, therapist.bond), 2) AS r
    FROM alliance_wide AS client
    JOIN alliance_wide AS therapist USING (site, participant, session)
    WHERE client.instrument = 'wai_sr_client' AND therapist.instrument = 'wai_sr_therapist'
    GROUP BY client.session
    ORDER BY client.session
    """,
)

HELD_ROWS = Query(
    "What was held, and why",
    "the place in the file as a spreadsheet shows it; no patient's text",
    """
    SELECT site, file, line, cell, code, value, expected
    FROM findings
    WHERE severity = 'error'
    ORDER BY site, file, line
    """,
)

MADE_OF = Query(
    "What `goal` is made of",
    "the items behind a component, form by form, with the grade of the evidence",
    """
    SELECT mapping.instrument, grade, items, n_items, caveat
    FROM mapping
    WHERE component = 'goal' AND estimated AND instrument IN (SELECT DISTINCT instrument FROM forms)
    ORDER BY grade, n_items DESC, instrument
    """,
)

REVISIONS = Query(
    "A form that was corrected",
    "both versions: which file and line each came from, and when it was replaced",
    """
    SELECT left(form_id, 8) AS form, revision, file, line, superseded_at IS NULL AS is_current
    FROM revisions JOIN drops USING (drop_id)
    WHERE drops.status <> 'duplicate'
      AND form_id = (SELECT form_id FROM revisions ORDER BY revision DESC, form_id LIMIT 1)
    ORDER BY revision
    """,
)

QUERIES = (FORMS_BY_SITE, ALLIANCE_BY_SESSION, CLIENT_AND_THERAPIST, HELD_ROWS, MADE_OF, REVISIONS)
