"""Adds the parts.

fails: auto-battery-own-capacity-test, auto-battery-uncertainty-test
"""


# %% auto-battery-uncertainty
def uncertainty(Q, hours, u_offset, u_scale):
    return hours * u_offset + Q * u_scale
