"""No time to settle after the ramp from full speed back.

fails: cnc-axis-runs-test, cnc-axis-measure-test
"""


# %% cnc-axis-runs
runs = [(8.0, 0.8), (-8.0, 0.8), (20.0, 0.6), (-20.0, 0.6), (40.0, 0.6), (-40.0, 0.7), (80.0, 0.8), (-80.0, 0.6)]
