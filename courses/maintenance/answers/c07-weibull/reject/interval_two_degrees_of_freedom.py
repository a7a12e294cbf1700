"""Textbook misreading: chi-square with two degrees of freedom, the region for the pair beta, eta.

fails: c07-weibull-interval-width, c07-weibull-interval-coverage
"""

# %% c07-weibull-interval
def interval(t, failed, percent, confidence):
    beta, eta = weibull_mle(t, failed)
    limit = log_likelihood(beta, eta, t, failed) - stats.chi2.ppf(confidence, 2) / 2
    k = -math.log(1 - percent / 100)

    def margin(log_life):
        def loss(log_beta):
            b = math.exp(log_beta)
            return -log_likelihood(b, math.exp(log_life) / k ** (1 / b), t, failed)

        return -optimize.minimize_scalar(loss, bracket=(math.log(beta), math.log(beta) + 0.1)).fun - limit

    estimate = math.log(b_life(beta, eta, percent))
    ends = []
    for direction in (-1, 1):
        step = 0.1
        while margin(estimate + direction * step) > 0:
            step *= 2
        ends.append(math.exp(optimize.brentq(margin, estimate, estimate + direction * step)))
    return tuple(ends)
