"""Calls the sheet his own aircraft.

fails: air-pitch-own-model-test
"""

# %% air-pitch-own-model
model = {"Z_alpha": -0.31, "M_alpha": -0.80, "M_q": -0.43, "M_delta": 1.15}
