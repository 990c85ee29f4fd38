"""From staged forms to current forms: what is new, what has changed, what was there already."""
