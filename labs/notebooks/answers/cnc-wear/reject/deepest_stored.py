"""Stores the answer of the example.

fails: cnc-wear-deepest
"""


# %% cnc-wear-power
def spindle_power(depth, feed, idle):
    return idle + KC * depth * WIDTH * FEED * feed / 100 / 6e7


# %% cnc-wear-depth
def deepest(feed, idle, reserve):
    return 3.238
