"""The view that puts alliance and outcome of one session side by side."""

ALLIANCE_OUTCOME = """
WITH outcome AS (
  SELECT f.site, f.participant, f.session, f.session_date, f.form_id AS outcome_form_id, f.instrument AS outcome,
         f.rater_role AS outcome_rater_role, s.scale, s.score, s.score_min, s.score_max, i.higher_is,
         coalesce(f.session::VARCHAR, f.session_date::VARCHAR) AS same
  FROM scores s JOIN forms f USING (form_id) JOIN instruments i ON i.instrument = f.instrument
  WHERE i.kind = 'outcome'
), rated AS (
  SELECT *, coalesce(session::VARCHAR, session_date::VARCHAR) AS same FROM alliance
)
SELECT coalesce(a.site, o.site) AS site, coalesce(a.participant, o.participant) AS participant,
       coalesce(a.session, o.session) AS session, coalesce(a.session_date, o.session_date) AS session_date,
       a.form_id, a.therapist, a.rater_role, a.instrument, a.component, a.grade, a.pomp,
       a.linked, a.linked_se, a.metric,
       o.outcome_form_id, o.outcome, o.outcome_rater_role, o.scale, o.score, o.score_min, o.score_max, o.higher_is,
       o.session_date AS outcome_date
FROM rated a FULL JOIN outcome o ON a.site = o.site AND a.participant = o.participant AND a.same = o.same"""
