"""Integrates F instead of R.

fails: c07-weibull-costrate-test, c07-weibull-age-test
"""

# %% c07-weibull-costrate
def cost_rate(age, beta, eta, cost_ratio):
    failing = 1 - math.exp(-((age / eta) ** beta))
    end = min(age, 50 * eta)
    life = integrate.quad(lambda u: 1 - math.exp(-((u / eta) ** beta)), 0, end)[0]
    return (1 - failing + cost_ratio * failing) / life
