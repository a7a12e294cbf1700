"""Believes that the suspension moves as far as the shaker.

fails: auto-ride-limits-test, auto-ride-own-hop-test, auto-ride-runs-test
"""


# %% auto-ride-safe
def safe_amplitude(f, gain, travel_max, speed_max, reserve):
    return (1 - reserve) * min(travel_max, speed_max / (2 * math.pi * f))
