"""Travel without a sign.

fails: cnc-axis-limits
"""


# %% cnc-axis-travel
def travel(speed, hold):
    return abs(RG * speed * (hold + abs(speed) / RAMP))


# %% cnc-axis-longest
def longest_hold(speed, room):
    return max(room / (RG * abs(speed)) - abs(speed) / RAMP, 0.0)
