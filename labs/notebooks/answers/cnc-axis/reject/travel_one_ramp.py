"""Counts half of the ramps: the triangle once.

fails: cnc-axis-limits
"""


# %% cnc-axis-travel
def travel(speed, hold):
    return RG * speed * (hold + abs(speed) / (2 * RAMP))


# %% cnc-axis-longest
def longest_hold(speed, room):
    return max(room / (RG * abs(speed)) - abs(speed) / RAMP, 0.0)
