"""Takes the larger of both: one limit is passed.

fails: auto-ride-limits-test, auto-ride-own-hop-test, auto-ride-runs-test
"""


# %% auto-ride-safe
def safe_amplitude(f, gain, travel_max, speed_max, reserve):
    return (1 - reserve) * max(travel_max / gain, speed_max / (2 * math.pi * f * gain))
