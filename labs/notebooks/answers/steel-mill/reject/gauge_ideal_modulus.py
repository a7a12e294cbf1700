"""Believes that M_hat is M.

fails: steel-mill-gauge-test, steel-mill-best-test
"""


# %% steel-mill-gauge
def stiffness(dS, dF, M):
    K = -dF / dS
    return K * M / (M - K)


def sensitivities(C, M, Q, M_hat):
    K = M * Q / (M + Q)
    e = K / Q / (1 - C * K / M)
    return 1 - e, e
