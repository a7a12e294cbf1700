"""Returns the probability to survive the stretch instead of the risk.

fails: c07-weibull-risk-test
"""

# %% c07-weibull-risk
def risk(beta, eta, age, distance):
    return math.exp((age / eta) ** beta - ((age + distance) / eta) ** beta)
