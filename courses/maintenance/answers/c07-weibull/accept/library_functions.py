"""As much as possible from SciPy: weibull_min.fit, ecdf, CensoredData, distribution methods.

The interval is the normal approximation for ln B with the analytic information matrix.
"""

# %% c07-weibull-loglik
def log_likelihood(beta, eta, t, failed):
    return stats.weibull_min.logpdf(t[failed], beta, scale=eta).sum() + stats.weibull_min.logsf(
        t[~failed], beta, scale=eta
    ).sum()


# %% c07-weibull-mle
def weibull_mle(t, failed):
    size = np.median(t)
    data = stats.CensoredData.right_censored(t / size, ~failed)
    beta, _, eta = stats.weibull_min.fit(data, floc=0)
    return beta, eta * size


# %% c07-weibull-km
def kaplan_meier(t, failed):
    curve = stats.ecdf(stats.CensoredData.right_censored(t, ~failed)).sf
    here = np.isin(curve.quantiles, t[failed])
    return curve.quantiles[here], curve.probabilities[here]


# %% c07-weibull-blife
def b_life(beta, eta, percent):
    return stats.weibull_min.isf(1 - percent / 100, beta, scale=eta)


# %% c07-weibull-risk
def risk(beta, eta, age, distance):
    before, after = stats.weibull_min.sf([age, age + distance], beta, scale=eta)
    return 1 - after / before


# %% c07-weibull-interval
def interval(t, failed, percent, confidence):
    beta, eta = weibull_mle(t, failed)
    x, r = np.log(t / eta), failed.sum()
    z = np.exp(beta * x)
    mixed = r - z.sum() - beta * (z * x).sum()
    information = [[beta**2 * z.sum(), mixed], [mixed, r / beta**2 + (z * x * x).sum()]]
    log_k = np.log(-np.log(1 - percent / 100))
    gradient = np.array([1, -log_k / beta**2])
    half = stats.norm.ppf(0.5 + confidence / 2) * np.sqrt(
        gradient @ np.linalg.solve(information, gradient)
    )
    return tuple(np.exp(np.log(eta) + log_k / beta + np.array([-half, half])))


# %% c07-weibull-costrate
def cost_rate(age, beta, eta, cost_ratio):
    if age == math.inf:
        return cost_ratio / stats.weibull_min.mean(beta, scale=eta)
    u = np.linspace(0, age, 2001)
    alive = stats.weibull_min.sf(u, beta, scale=eta)
    life = integrate.trapezoid(alive, u)
    return (alive[-1] + cost_ratio * (1 - alive[-1])) / life


# %% c07-weibull-age
def optimal_age(beta, eta, cost_ratio):
    if beta <= 1 or cost_ratio <= 1:
        return math.inf
    ages = eta * np.append(0.0, np.geomspace(0.001, 20, 3000))
    alive = stats.weibull_min.sf(ages, beta, scale=eta)
    life = integrate.cumulative_trapezoid(alive, ages)
    return float(ages[1 + np.argmin((alive + cost_ratio * (1 - alive))[1:] / life)])
