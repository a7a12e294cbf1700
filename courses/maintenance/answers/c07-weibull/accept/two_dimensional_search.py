"""Distribution functions from SciPy, a search in (ln beta, ln eta), normal approximation for ln B.

The information matrix is found by finite differences; the best age is the root of its condition.
"""

# %% c07-weibull-loglik
def log_likelihood(beta, eta, t, failed):
    density = stats.weibull_min.logpdf(t, beta, scale=eta)
    return np.where(failed, density, stats.weibull_min.logsf(t, beta, scale=eta)).sum()


# %% c07-weibull-mle
def weibull_mle(t, failed):
    x = t / np.median(t)

    def loss(p):
        z = np.exp(np.exp(p[0]) * (np.log(x) - p[1]))
        return z.sum() - (p[0] - p[1] + (np.exp(p[0]) - 1) * (np.log(x[failed]) - p[1])).sum()

    options = {"xatol": 1e-6, "fatol": 1e-8}
    found = optimize.minimize(loss, [0.0, 0.0], method="Nelder-Mead", options=options)
    return float(np.exp(found.x[0])), float(np.exp(found.x[1]) * np.median(t))


# %% c07-weibull-km
def kaplan_meier(t, failed):
    times, survival, alive = [], [], 1.0
    for time in sorted(set(t[failed])):
        deaths = sum((t == time) & failed)
        alive = alive * (1 - deaths / sum(t >= time))
        times.append(time)
        survival.append(alive)
    return np.array(times), np.array(survival)


# %% c07-weibull-blife
def b_life(beta, eta, percent):
    return float(stats.weibull_min.ppf(percent / 100, beta, scale=eta))


# %% c07-weibull-risk
def risk(beta, eta, age, distance):
    def reliability(t):
        return math.exp(-((t / eta) ** beta))

    return 1 - reliability(age + distance) / reliability(age)


# %% c07-weibull-interval
def interval(t, failed, percent, confidence):
    beta, eta = weibull_mle(t, failed)
    log_k = math.log(-math.log(1 - percent / 100))
    best = np.log([beta, eta])
    h = 1e-3

    def height(p):
        return log_likelihood(np.exp(p[0]), np.exp(p[1]), t, failed)

    top = height(best)
    right, up = h * np.eye(2)

    def curvature(step):
        return (2 * top - height(best + step) - height(best - step)) / h**2

    a, b = curvature(right), curvature(up)
    mixed = (curvature(right + up) - a - b) / 2
    information = np.array([[a, mixed], [mixed, b]])
    gradient = np.array([-log_k / beta, 1.0])
    sigma = math.sqrt(gradient @ np.linalg.inv(information) @ gradient)
    z = stats.norm.ppf((1 + confidence) / 2)
    estimate = b_life(beta, eta, percent)
    return estimate * math.exp(-z * sigma), estimate * math.exp(z * sigma)


# %% c07-weibull-costrate
def cost_rate(age, beta, eta, cost_ratio):
    def reliability(u):
        return math.exp(-(u**beta))

    end = age / eta
    life = eta * integrate.quad(reliability, 0, end)[0]
    survive = reliability(end) if math.isfinite(end) else 0.0
    return (survive + cost_ratio * (1 - survive)) / life


# %% c07-weibull-age
def optimal_age(beta, eta, cost_ratio):
    if beta <= 1 or cost_ratio <= 1:
        return math.inf

    def condition(log_x):
        x = math.exp(log_x)
        life = special.gamma(1 / beta) / beta * special.gammainc(1 / beta, x**beta)
        return beta * x ** (beta - 1) * life + math.exp(-(x**beta)) - cost_ratio / (cost_ratio - 1)

    low, high = -10.0, 0.0
    while condition(high) < 0:
        high += 0.5
    return eta * math.exp(optimize.brentq(condition, low, high))
