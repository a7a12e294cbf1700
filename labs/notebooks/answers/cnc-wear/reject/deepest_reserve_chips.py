"""Keeps the reserve for the chips only.

fails: cnc-wear-deepest
"""


# %% cnc-wear-power
def spindle_power(depth, feed, idle):
    return idle + KC * depth * WIDTH * FEED * feed / 100 / 6e7


# %% cnc-wear-depth
def deepest(feed, idle, reserve):
    room = (POWER_LIMIT - idle) / (1 + reserve)
    return min(max(room / (KC * WIDTH * FEED * feed / 100 / 6e7), 0.0), 5.0)
