"""Sign: adds the reserve to the limit.

fails: steel-furnace-limits-test
"""


# %% steel-furnace-highest
def highest_power(T_room, gain, T_limit, spread, reserve):
    return min(max((T_limit + reserve - T_room) / (gain * (1 + spread)), 0.0), 100.0)
