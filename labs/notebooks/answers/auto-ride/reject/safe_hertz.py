"""Takes the frequency in hertz for rad/s.

fails: auto-ride-limits-test, auto-ride-own-hop-test, auto-ride-runs-test
"""


# %% auto-ride-safe
def safe_amplitude(f, gain, travel_max, speed_max, reserve):
    return (1 - reserve) * min(travel_max / gain, speed_max / (f * gain))
