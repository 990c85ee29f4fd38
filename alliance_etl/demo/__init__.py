"""A study to try things on: nine clinics with simulated people, seeded faults, and the truth behind both.

`write_demo` writes it, `story.tell` says what a run made of it. Nothing here is used by a real study.
"""
