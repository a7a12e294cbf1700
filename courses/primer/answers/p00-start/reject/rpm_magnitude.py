"""Sign error: loses the direction of rotation.

fails: p00-start-rpm
"""

# %% p00-start-speed-units
def rad_per_s(n):
    return abs(n) * 2 * np.pi / 60
