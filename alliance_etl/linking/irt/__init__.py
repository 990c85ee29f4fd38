"""Item response models for linking: graded items calibrated on one trait, or on one trait for each instrument.

In here are estimators on plain arrays of answers. Which forms they come from, and what becomes of the link, is not.
"""
