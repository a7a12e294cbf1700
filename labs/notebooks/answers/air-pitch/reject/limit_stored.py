"""Stores the answer for the sheet.

fails: air-pitch-limits-test
"""


# %% air-pitch-largest
def largest_input(alpha_limit, M_alpha, M_delta, spread, swing, reserve):
    return 3.2
