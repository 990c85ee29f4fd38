"""The SQL of the views about the course of a treatment, over the contract's views.

A series is what one rater said with one form of questionnaire about one component to one participant and therapist. It
is in order by session numbers where all its forms have one, else by dates where all have one; else it has no order, and
nothing is said of what comes after what.
"""

_SERIES = "site, participant, therapist, rater_role, rater, instrument, component"

TRAJECTORIES = f"""
WITH rated AS (
  SELECT a.form_id, a.site, a.participant, a.therapist, a.rater_role, f.rater, a.instrument, a.component, a.session,
         a.session_date, a.pomp
  FROM alliance a JOIN forms f USING (form_id) WHERE a.pomp IS NOT NULL
), series AS (
  SELECT *, count(*) OVER s AS n_forms, avg(pomp) OVER s AS person_mean, stddev_samp(pomp) OVER s AS person_sd,
         bool_and(session IS NOT NULL) OVER s AS by_session, bool_and(session_date IS NOT NULL) OVER s AS by_date
  FROM rated WINDOW s AS (PARTITION BY {_SERIES})
), placed AS (
  SELECT *,
         CASE WHEN by_session THEN session WHEN by_date THEN (session_date - DATE '1970-01-01')::INTEGER END AS ordinal
  FROM series
)
SELECT form_id, site, participant, therapist, rater_role, rater, instrument, component, session, session_date,
       CASE WHEN ordinal IS NOT NULL THEN row_number() OVER o END AS place, n_forms, pomp, person_mean, person_sd,
       pomp - person_mean AS centred,
       CASE WHEN ordinal IS NOT NULL THEN lag(form_id) OVER o END AS previous_form_id,
       CASE WHEN ordinal IS NOT NULL THEN lag(pomp) OVER o END AS previous,
       CASE WHEN ordinal IS NOT NULL THEN pomp - lag(pomp) OVER o END AS change
FROM placed WINDOW o AS (PARTITION BY {_SERIES} ORDER BY ordinal, session_date, form_id)"""

DYADS = """
WITH rated AS (
  SELECT a.site, a.participant, a.therapist, i.family, a.component, a.rater_role, a.form_id, a.instrument, a.pomp,
         a.session, a.session_date, coalesce(a.session::VARCHAR, a.session_date::VARCHAR) AS same
  FROM alliance a JOIN instruments i USING (instrument)
  WHERE a.pomp IS NOT NULL AND a.rater_role IN ('client', 'therapist')
)
SELECT c.site, c.participant, coalesce(t.therapist, c.therapist) AS therapist, c.family,
       coalesce(c.session, t.session) AS session, coalesce(c.session_date, t.session_date) AS session_date, c.component,
       c.form_id AS client_form_id, c.instrument AS client_instrument, c.pomp AS client,
       t.form_id AS therapist_form_id, t.instrument AS therapist_instrument, t.pomp AS therapist_view,
       t.pomp - c.pomp AS discrepancy
FROM rated c JOIN rated t ON c.site = t.site AND c.participant = t.participant AND c.family = t.family
     AND c.component = t.component AND c.same = t.same AND c.rater_role = 'client' AND t.rater_role = 'therapist'"""

DYAD_AGREEMENT = """
SELECT site, participant, therapist, family, component, count(*) AS n_sessions, avg(client) AS client_mean,
       avg(therapist_view) AS therapist_mean, avg(discrepancy) AS discrepancy,
       CASE WHEN count(*) >= 3 AND stddev_samp(client) > 0 AND stddev_samp(therapist_view) > 0
            THEN corr(client, therapist_view) END AS congruence
FROM dyads GROUP BY site, participant, therapist, family, component"""

RUPTURES = f"""
WITH ordered AS (
  SELECT t.* FROM trajectories t, rupture_rules r WHERE place IS NOT NULL AND n_forms >= r.fewest_forms
), usual AS (
  SELECT instrument, rater_role, component, avg(person_sd) AS mean_sd
  FROM (SELECT DISTINCT {_SERIES}, person_sd FROM ordered) GROUP BY ALL
), runs AS (
  SELECT *, sum(CASE WHEN change < 0 THEN 0 ELSE 1 END) OVER (PARTITION BY {_SERIES} ORDER BY place) AS run FROM ordered
), declines AS (
  SELECT {_SERIES}, run, min(place) AS peak_place, max(place) AS trough_place, max(pomp) AS peak, min(pomp) AS trough,
         arg_min(form_id, place) AS peak_form_id, arg_max(form_id, place) AS trough_form_id,
         arg_max(session, place) AS session, arg_max(session_date, place) AS session_date,
         any_value(person_sd) AS person_sd
  FROM runs GROUP BY {_SERIES}, run HAVING count(*) > 1
), ruptures AS (
  SELECT d.*, r.sds * greatest(d.person_sd, u.mean_sd) AS threshold, r.regained
  FROM declines d JOIN usual u USING (instrument, rater_role, component), rupture_rules r
), repairs AS (
  SELECT u.peak_form_id, u.component, u.trough_place,
         arg_min(o.form_id, o.place) AS repair_form_id, min(o.place) AS repair_place
  FROM ruptures u JOIN ordered o ON o.site = u.site AND o.participant = u.participant
       AND o.therapist IS NOT DISTINCT FROM u.therapist AND o.rater_role = u.rater_role
       AND o.rater IS NOT DISTINCT FROM u.rater AND o.instrument = u.instrument AND o.component = u.component
       AND o.place > u.trough_place AND o.pomp >= u.trough + u.regained * (u.peak - u.trough) - 1e-9
  GROUP BY ALL
)
SELECT u.site, u.participant, u.therapist, u.rater_role, u.rater, u.instrument, u.component, u.session, u.session_date,
       u.peak_form_id, u.trough_form_id, u.peak, u.trough, u.peak - u.trough AS decline, u.threshold,
       u.trough_place - u.peak_place AS n_declining, p.repair_form_id,
       p.repair_place - u.trough_place AS n_to_repair, p.repair_form_id IS NOT NULL AS repaired
FROM ruptures u LEFT JOIN repairs p USING (peak_form_id, component, trough_place)
WHERE u.peak - u.trough >= u.threshold - 1e-9"""

RELIABLE_CHANGE = """
WITH scored AS (
  SELECT f.form_id, f.site, f.participant, f.rater_role, f.rater, f.instrument, s.scale, f.session, f.session_date,
         s.score, coalesce(i.higher_is, 'better') AS higher_is
  FROM scores s JOIN forms f USING (form_id) JOIN instruments i ON i.instrument = f.instrument
  WHERE s.score IS NOT NULL
), series AS (
  SELECT *, count(*) OVER s AS n_forms, bool_and(session IS NOT NULL) OVER s AS by_session,
         bool_and(session_date IS NOT NULL) OVER s AS by_date
  FROM scored WINDOW s AS (PARTITION BY site, participant, rater_role, rater, instrument, scale)
), placed AS (
  SELECT *,
         CASE WHEN by_session THEN session WHEN by_date THEN (session_date - DATE '1970-01-01')::INTEGER END AS ordinal
  FROM series WHERE n_forms > 1
), ends AS (
  SELECT site, participant, rater_role, rater, instrument, scale, any_value(n_forms) AS n_forms,
         any_value(higher_is) AS higher_is, arg_min(form_id, (ordinal, form_id)) AS first_form_id,
         arg_max(form_id, (ordinal, form_id)) AS last_form_id, arg_min(score, (ordinal, form_id)) AS first_score,
         arg_max(score, (ordinal, form_id)) AS last_score
  FROM placed WHERE ordinal IS NOT NULL GROUP BY ALL
), told AS (
  SELECT e.*, r.sd * sqrt(2 * (1 - r.reliability)) AS se_difference, r.cutoff, r.source,
         (e.last_score - e.first_score) / (r.sd * sqrt(2 * (1 - r.reliability))) AS rci,
         CASE WHEN e.higher_is = 'better' THEN 1 ELSE -1 END AS way
  FROM ends e JOIN change_rules r USING (instrument, scale)
)
SELECT site, participant, rater_role, rater, instrument, scale, n_forms, first_form_id, last_form_id, first_score,
       last_score, last_score - first_score AS difference, se_difference, rci,
       CASE WHEN way * rci > 1.96 THEN 'improved' WHEN way * rci < -1.96 THEN 'deteriorated' ELSE 'unchanged' END
         AS outcome,
       CASE WHEN cutoff IS NOT NULL
            THEN way * rci > 1.96 AND way * first_score < way * cutoff AND way * last_score >= way * cutoff END
         AS recovered,
       cutoff, source
FROM told"""

COURSE_VIEWS = {
    "trajectories": TRAJECTORIES,
    "dyads": DYADS,
    "dyad_agreement": DYAD_AGREEMENT,
    "ruptures": RUPTURES,
    "reliable_change": RELIABLE_CHANGE,
}
