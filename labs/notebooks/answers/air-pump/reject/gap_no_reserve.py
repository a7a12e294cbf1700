"""Leaves no reserve.

fails: air-pump-limits-test
"""


# %% air-pump-gap
def longest_gap(limit, seen, growth, spread, reserve):
    return math.floor(math.log(limit / seen) / (growth * (1 + spread)))
