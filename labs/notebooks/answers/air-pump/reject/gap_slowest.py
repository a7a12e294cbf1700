"""Sign: takes the slowest pump.

fails: air-pump-limits-test
"""


# %% air-pump-gap
def longest_gap(limit, seen, growth, spread, reserve):
    return math.floor((1 - reserve) * math.log(limit / seen) / (growth * (1 - spread)))
