"""Converts the wrong way: rad/s to rpm.

fails: p00-start-rpm
"""

# %% p00-start-speed-units
def rad_per_s(n):
    return n * 60 / (2 * np.pi)
