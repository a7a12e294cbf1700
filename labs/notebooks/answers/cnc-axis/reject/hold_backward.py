"""Backward speeds give a negative room.

fails: cnc-axis-hold
"""


# %% cnc-axis-travel
def travel(speed, hold):
    return RG * speed * (hold + abs(speed) / RAMP)


# %% cnc-axis-longest
def longest_hold(speed, room):
    return max(room / (RG * speed) - abs(speed) / RAMP, 0.0)
