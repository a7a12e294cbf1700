"""Takes the pitch of the screw for the travel of one radian.

fails: cnc-axis-limits
"""


# %% cnc-axis-travel
def travel(speed, hold):
    return 10.0 * speed * (hold + abs(speed) / RAMP)


# %% cnc-axis-longest
def longest_hold(speed, room):
    return max(room / (RG * abs(speed)) - abs(speed) / RAMP, 0.0)
