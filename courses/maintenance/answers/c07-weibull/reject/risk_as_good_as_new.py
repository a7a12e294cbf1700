"""Takes every unit as new: ignores its age.

fails: c07-weibull-risk-test
"""

# %% c07-weibull-risk
def risk(beta, eta, age, distance):
    return 1 - math.exp(-((distance / eta) ** beta))
