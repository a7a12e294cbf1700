"""Takes the reserve for what may be used.

fails: air-pitch-limits-test
"""


# %% air-pitch-largest
def largest_input(alpha_limit, M_alpha, M_delta, spread, swing, reserve):
    return alpha_limit * reserve * -M_alpha * (1 - spread) / (swing * M_delta * (1 + spread))
