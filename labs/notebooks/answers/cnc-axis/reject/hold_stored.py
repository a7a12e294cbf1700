"""Stores the answer of the example.

fails: cnc-axis-hold
"""


# %% cnc-axis-travel
def travel(speed, hold):
    return RG * speed * (hold + abs(speed) / RAMP)


# %% cnc-axis-longest
def longest_hold(speed, room):
    return 0.5
