"""Runs forward only: the table leaves its room, and backward is unknown.

fails: cnc-axis-runs-test, cnc-axis-measure-test, cnc-axis-own-test
"""


# %% cnc-axis-runs
runs = [(8.0, 0.5), (20.0, 0.5), (40.0, 0.5), (62.0, 0.6)]
