"""Takes K, strip and stand in series, for the strip.

fails: steel-mill-gauge-test, steel-mill-accept-test
"""


# %% steel-mill-gauge
def stiffness(dS, dF, M):
    return -dF / dS


def sensitivities(C, M, Q, M_hat):
    x = C * M * Q / (M + Q) / M_hat
    e = M / (M + Q) / (1 - x)
    return 1 - e, e
