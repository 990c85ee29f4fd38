"""From an example file to an export of study.yaml: evidence, candidates, doubts, answers, entry.

Pure functions but for `table.read_tables`, which reads the file. What is told of it is counts and names of columns,
never what stands in a participant's row. Asking and printing is alliance_etl.cli's.
"""
