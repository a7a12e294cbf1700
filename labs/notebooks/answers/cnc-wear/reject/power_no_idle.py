"""Forgets the idle spindle.

fails: cnc-wear-limits, cnc-wear-deepest
"""


# %% cnc-wear-power
def spindle_power(depth, feed, idle):
    return KC * depth * WIDTH * FEED * feed / 100 / 6e7


# %% cnc-wear-depth
def deepest(feed, idle, reserve):
    room = POWER_LIMIT / (1 + reserve)
    return min(max(room / (KC * WIDTH * FEED * feed / 100 / 6e7), 0.0), 5.0)
