"""Believes that the gaugemeter reduces eccentricity, too.

fails: steel-mill-gauge-test, steel-mill-best-test, steel-mill-accept-test
"""


# %% steel-mill-gauge
def stiffness(dS, dF, M):
    K = -dF / dS
    return K * M / (M - K)


def sensitivities(C, M, Q, M_hat):
    x = C * M * Q / (M + Q) / M_hat
    e = M / (M + Q) * (1 - x)
    return 1 - M / (M + Q) / (1 - x), e
