"""Uses the reserve and keeps the rest.

fails: auto-ride-limits-test, auto-ride-runs-test, auto-ride-own-fit-test
"""


# %% auto-ride-safe
def safe_amplitude(f, gain, travel_max, speed_max, reserve):
    return reserve * min(travel_max / gain, speed_max / (2 * math.pi * f * gain))
