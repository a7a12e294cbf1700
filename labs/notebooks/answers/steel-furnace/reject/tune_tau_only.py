"""The integral time is always tau.

fails: steel-furnace-tune-test
"""


# %% steel-furnace-tune
def lambda_pi(K, tau, theta, Tc):
    return tau / (K * (Tc + theta)), tau
