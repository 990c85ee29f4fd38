"""Pages for people: one file each that needs nothing else, in one style."""
