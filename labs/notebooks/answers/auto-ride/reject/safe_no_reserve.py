"""Forgets the reserve.

fails: auto-ride-limits-test, auto-ride-own-hop-test
"""


# %% auto-ride-safe
def safe_amplitude(f, gain, travel_max, speed_max, reserve):
    return min(travel_max / gain, speed_max / (2 * math.pi * f * gain))
