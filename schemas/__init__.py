"""What data must look like: instruments as YAML, declarations of the published columns, pandera contracts.

Declarations only: no reading or writing of people's data here, and no scoring.
"""
