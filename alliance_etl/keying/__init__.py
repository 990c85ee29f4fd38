"""The keying audit: whether declared totals and the answers themselves speak for the key, and which small change of it
explains where they do not.
"""
