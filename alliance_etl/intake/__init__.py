"""From a file's records to staged forms and findings: typed, coded, pseudonymous.

A staged form is a pure function of the file's bytes, the export's configuration, the instrument, the study's key and
received_at.
Nothing here writes a file or asks the clock.
"""
