"""Nothing faster than 40 rad/s.

fails: cnc-axis-runs-test
"""


# %% cnc-axis-runs
runs = [(8.0, 0.8), (-8.0, 0.8), (15.0, 0.6), (-15.0, 0.6), (25.0, 0.6), (-25.0, 0.7), (40.0, 0.7), (-40.0, 0.9)]
