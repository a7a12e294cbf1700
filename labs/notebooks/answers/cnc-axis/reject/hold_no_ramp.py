"""Forgets the room that the ramps take.

fails: cnc-axis-hold
"""


# %% cnc-axis-travel
def travel(speed, hold):
    return RG * speed * (hold + abs(speed) / RAMP)


# %% cnc-axis-longest
def longest_hold(speed, room):
    return room / (RG * abs(speed))
