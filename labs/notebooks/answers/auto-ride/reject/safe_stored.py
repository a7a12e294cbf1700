"""Gives the one number of the visible test.

fails: auto-ride-limits-test, auto-ride-runs-test, auto-ride-own-fit-test, auto-ride-own-hop-test
"""


# %% auto-ride-safe
def safe_amplitude(f, gain, travel_max, speed_max, reserve):
    return 0.0025
