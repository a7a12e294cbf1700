"""Takes mm/min for mm/s.

fails: cnc-wear-limits, cnc-wear-deepest
"""


# %% cnc-wear-power
def spindle_power(depth, feed, idle):
    return idle + KC * depth * WIDTH * FEED * feed / 100 / 1e6


# %% cnc-wear-depth
def deepest(feed, idle, reserve):
    room = POWER_LIMIT / (1 + reserve) - idle
    return min(max(room / (KC * WIDTH * FEED * feed / 100 / 1e6), 0.0), 5.0)
