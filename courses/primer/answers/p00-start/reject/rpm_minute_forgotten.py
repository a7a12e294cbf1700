"""Wrong units: the minute is not turned into seconds.

fails: p00-start-rpm
"""

# %% p00-start-speed-units
def rad_per_s(n):
    return n * 2 * np.pi
