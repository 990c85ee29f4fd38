"""Native scores and harmonised components from answers: narwhals expressions generated from an instrument.

`expressions.py` holds the arithmetic and `with_scores()`, which trusts its input and is the pipeline's; `score.py` is
the notebook's `score()`, which checks first; `errors.py` says what it refuses. What an instrument is stands in
alliance_etl.instruments. No reading, writing or logging here.
"""
