"""The course of a treatment as views: trajectories, dyads, ruptures, reliable change; docs/course.md has the rules."""
