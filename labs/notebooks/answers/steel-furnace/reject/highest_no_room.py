"""Forgets the room: counts from 0 °C.

fails: steel-furnace-limits-test
"""


# %% steel-furnace-highest
def highest_power(T_room, gain, T_limit, spread, reserve):
    return min(max((T_limit - reserve) / (gain * (1 + spread)), 0.0), 100.0)
