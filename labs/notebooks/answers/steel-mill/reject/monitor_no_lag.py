"""Forgets the lag of servo and controller.

fails: steel-mill-monitor-test
"""


# %% steel-mill-monitor
def monitor_gain(g, distance, v, lag, margin):
    return math.radians(90 - margin) / (g * distance / v)
