"""What studies report of an instrument: reliability, item statistics, variance within and between persons and
therapists, measurement invariance between sites. docs/psychometrics.md says how.
"""
