"""Wrong units: degrees per second instead of radians.

fails: p00-start-rpm
"""

# %% p00-start-speed-units
def rad_per_s(n):
    return n * 360 / 60
