"""Stores the answer of one fleet.

fails: air-pump-limits-test
"""


# %% air-pump-gap
def longest_gap(limit, seen, growth, spread, reserve):
    return 20
