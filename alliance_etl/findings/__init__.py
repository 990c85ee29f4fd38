"""Findings: what is wrong with a drop, where, and what to do about it (catalogue, frames, folding, receipts)."""
