"""Crosswalks: what links one instrument's scores to another's, from the study's own data, as a file to be reviewed.

Pairs of forms, the evidence for a link, the reasons to refuse one, the artefact and its page. The estimators are
alliance_etl.linking.
"""
