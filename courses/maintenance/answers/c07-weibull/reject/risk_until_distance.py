"""Takes `distance` for the mileage at the end of the stretch.

fails: c07-weibull-risk-test
"""

# %% c07-weibull-risk
def risk(beta, eta, age, distance):
    return 1 - math.exp((age / eta) ** beta - (distance / eta) ** beta)
