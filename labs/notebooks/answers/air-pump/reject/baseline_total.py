"""Gives the life, not what is left.

fails: air-pump-baseline-test
"""


# %% air-pump-baseline
def mean_residual(lives, age):
    older = [life for life in lives if life > age]
    return float(np.mean(older)) if older else 0.0
