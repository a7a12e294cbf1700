"""Counts the lives of those that failed earlier.

fails: air-pump-baseline-test
"""


# %% air-pump-baseline
def mean_residual(lives, age):
    return max(float(np.mean(lives)) - age, 0.0)
