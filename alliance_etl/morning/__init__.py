"""The morning: what a data manager sees of the night. What came, what is held and why, who is late, what changed, what
failed, and what there is to do; as a page, in `status`, and in notices. Counts and causes, never a person's value.
"""
