"""Forgets the time.

fails: auto-battery-uncertainty-test
"""


# %% auto-battery-uncertainty
def uncertainty(Q, hours, u_offset, u_scale):
    return math.hypot(u_offset, Q * u_scale)
