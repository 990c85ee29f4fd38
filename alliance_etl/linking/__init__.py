"""Linking: a score on one instrument as the score on another that is as high in the same population.

In here are estimators on plain arrays of scores, each with the source of its formula. What is linked with what, when
it is refused, and what is done with the result is not.
"""
