"""Rounds up: one flight too many.

fails: air-pump-limits-test
"""


# %% air-pump-gap
def longest_gap(limit, seen, growth, spread, reserve):
    return math.ceil((1 - reserve) * math.log(limit / seen) / (growth * (1 + spread)))
