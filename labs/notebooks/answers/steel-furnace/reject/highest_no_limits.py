"""More than 100 %, less than 0 %.

fails: steel-furnace-limits-test
"""


# %% steel-furnace-highest
def highest_power(T_room, gain, T_limit, spread, reserve):
    return (T_limit - reserve - T_room) / (gain * (1 + spread))
