"""Copies the numbers of the neighbour.

fails: cnc-axis-own-test
"""


# %% cnc-axis-own
axis = {"inertia": 0.0021, "viscous": 0.0069, "coulomb_plus": 0.55, "coulomb_minus": 0.65}
