"""Hazard rate times distance, right only for short stretches.

fails: c07-weibull-risk-test
"""

# %% c07-weibull-risk
def risk(beta, eta, age, distance):
    middle = age + distance / 2
    return beta / eta * (middle / eta) ** (beta - 1) * distance
