"""Forgets that the unit has survived: share of all units that fails in the stretch.

fails: c07-weibull-risk-test
"""

# %% c07-weibull-risk
def risk(beta, eta, age, distance):
    def unreliability(t):
        return 1 - math.exp(-((t / eta) ** beta))

    return unreliability(age + distance) - unreliability(age)
