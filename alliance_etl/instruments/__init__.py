"""Instruments: what a questionnaire is (model) and which ones are known (registry)."""
