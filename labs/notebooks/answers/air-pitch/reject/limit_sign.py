"""Sign: forgets that M_alpha is negative.

fails: air-pitch-limits-test
"""


# %% air-pitch-largest
def largest_input(alpha_limit, M_alpha, M_delta, spread, swing, reserve):
    return alpha_limit * (1 - reserve) * M_alpha * (1 - spread) / (swing * M_delta * (1 + spread))
