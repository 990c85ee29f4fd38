"""The view expected_forms: every form that study.yaml's `expects` asks for, whether it is there or not.

What is expected is reckoned from the forms that are there: up to a participant's last session, and between the first
and the last date. Nothing depends on today's date. The same SELECT counts what is missing before publication, over
`forms` and `expectations` of that moment.
"""

EXPECTED_FORMS = """
WITH people AS (
  SELECT site, participant, max(session) AS sessions, min(session_date) AS since, max(session_date) AS until,
         max(struct_pack(s := coalesce(session, -1), d := coalesce(session_date, DATE '0001-01-01'), t := therapist))
           FILTER (therapist IS NOT NULL).t AS therapist
  FROM forms GROUP BY site, participant
),
due AS (
  SELECT e.instrument, e.raters, p.site, p.participant, p.therapist,
         unnest(range(e.first, least(coalesce(e.last, p.sessions), p.sessions) + 1, e.every)) AS session,
         NULL::BIGINT AS part, NULL::DATE AS due_from, NULL::DATE AS due_before
  FROM expectations e JOIN people p ON e.site = p.site
  WHERE e.first IS NOT NULL AND p.sessions IS NOT NULL
  UNION ALL
  SELECT instrument, raters, site, participant, therapist, NULL, part,
         since + (part * every_days)::INTEGER, since + ((part + 1) * every_days)::INTEGER
  FROM (
    SELECT e.instrument, e.raters, e.every_days, p.site, p.participant, p.therapist, p.since,
           unnest(range((p.until - p.since) // e.every_days)) AS part
    FROM expectations e JOIN people p ON e.site = p.site
    WHERE e.every_days IS NOT NULL AND p.since IS NOT NULL
  )
),
there AS (
  SELECT f.site, f.participant, f.instrument, f.session, NULL::BIGINT AS part, count(*) AS n
  FROM forms f WHERE f.session IS NOT NULL GROUP BY ALL
  UNION ALL
  SELECT f.site, f.participant, f.instrument, NULL, (f.session_date - p.since) // e.every_days, count(*)
  FROM forms f JOIN people p ON f.site = p.site AND f.participant = p.participant
       JOIN expectations e ON e.site = f.site AND e.instrument = f.instrument
  WHERE e.every_days IS NOT NULL AND f.session_date IS NOT NULL GROUP BY ALL
)
SELECT due.site, due.participant, due.therapist, due.instrument, due.session::INTEGER AS session, due.due_from,
       due.due_before, due.raters AS n_expected, least(coalesce(there.n, 0), due.raters)::INTEGER AS n_there,
       (due.raters - least(coalesce(there.n, 0), due.raters))::INTEGER AS n_missing
FROM due LEFT JOIN there ON due.site = there.site AND due.participant = there.participant
     AND due.instrument = there.instrument
     AND ((due.session IS NOT NULL AND due.session = there.session) OR (due.session IS NULL AND due.part = there.part))
"""
"""Columns: site, participant, therapist (whom the participant's last form names), instrument, session or due_from and
due_before, n_expected, n_there, n_missing."""
