"""The quality report: what a publication promises, checked after it is public, by Great Expectations in a process of
its own. It changes nothing and stops nothing; it tells.

Expectations are generated from the declarations of the tables, never listed by hand.
"""
