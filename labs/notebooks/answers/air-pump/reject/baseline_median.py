"""The median for the mean.

fails: air-pump-baseline-test
"""


# %% air-pump-baseline
def mean_residual(lives, age):
    older = [life - age for life in lives if life > age]
    return float(np.median(older)) if older else 0.0
