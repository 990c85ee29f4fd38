"""Fitness for use: whether a site's or a therapist's answers can carry an analysis, counted from current forms.

What belongs here says how good the data are; it holds no row back and changes no number.
"""
