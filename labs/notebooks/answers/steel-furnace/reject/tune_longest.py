"""Takes the longer one of the two integral times.

fails: steel-furnace-tune-test
"""


# %% steel-furnace-tune
def lambda_pi(K, tau, theta, Tc):
    return tau / (K * (Tc + theta)), max(tau, 4 * (Tc + theta))
