"""Never thinks of the oldest unit.

fails: air-pump-baseline-test
"""


# %% air-pump-baseline
def mean_residual(lives, age):
    lives = np.asarray(lives)
    with np.errstate(all="ignore"):
        return float(np.sum(lives[lives > age] - age) / np.float64(np.sum(lives > age)))
