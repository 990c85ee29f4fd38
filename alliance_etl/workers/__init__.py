"""Other processes of this machine that compute for this one. They hold no lock and know no ledger.

What is computed, and what becomes of the results, is their users' business: alliance_etl.night.ahead.
"""
