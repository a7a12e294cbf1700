"""Counts who failed at this very age.

fails: air-pump-baseline-test
"""


# %% air-pump-baseline
def mean_residual(lives, age):
    older = np.array([life for life in lives if life >= age])
    return float((older - age).mean()) if len(older) else 0.0
