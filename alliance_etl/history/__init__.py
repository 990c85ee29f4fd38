"""Publications over time: what differs between two and why, releases that stay, and the study as of an earlier time."""
