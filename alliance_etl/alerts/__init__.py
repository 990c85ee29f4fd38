"""Alerts: values that are possible but implausible. Their forms are published; each is listed until it is confirmed."""
