"""A straight line for what grows.

fails: air-pump-limits-test
"""


# %% air-pump-gap
def longest_gap(limit, seen, growth, spread, reserve):
    return math.floor((1 - reserve) * (limit - seen) / (growth * (1 + spread)))
