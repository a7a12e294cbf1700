"""The neighbour's numbers.

fails: auto-ride-own-fit-test
"""

# %% auto-ride-own
damper = {"c": 550.0, "f0": 60.0, "f1": 480.0, "v0": 0.03}
