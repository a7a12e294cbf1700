"""Holds so long that the table leaves its room.

fails: cnc-axis-runs-test, cnc-axis-measure-test
"""


# %% cnc-axis-runs
runs = [(8.0, 0.8), (-8.0, 0.8), (20.0, 0.6), (-20.0, 0.6), (40.0, 0.6), (-40.0, 0.7), (70.0, 1.8), (-70.0, 2.0)]
