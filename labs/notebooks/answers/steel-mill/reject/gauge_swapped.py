"""Returns the two sensitivities in the wrong order.

fails: steel-mill-gauge-test, steel-mill-best-test, steel-mill-accept-test
"""


# %% steel-mill-gauge
def stiffness(dS, dF, M):
    K = -dF / dS
    return K * M / (M - K)


def sensitivities(C, M, Q, M_hat):
    x = C * M * Q / (M + Q) / M_hat
    e = M / (M + Q) / (1 - x)
    return e, 1 - e
