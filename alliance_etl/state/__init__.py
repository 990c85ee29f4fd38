"""What `.state/` holds: key, ledger, encrypted archive, lock and the pseudonymous forms. Nobody else's business (mode
0700).
"""
