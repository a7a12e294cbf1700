"""Plain loops and bisection; the interval from the exact edge of the likelihood region.

For each beta the edge in eta is closed form (Lambert's W). The Kaplan-Meier estimate moves the
weight of each survivor to the units that run longer.
"""

# %% c07-weibull-loglik
def log_likelihood(beta, eta, t, failed):
    total = 0.0
    for life, has_failed in zip(t, failed):
        total -= (life / eta) ** beta
        if has_failed:
            total += math.log(beta) - beta * math.log(eta) + (beta - 1) * math.log(life)
    return total


# %% c07-weibull-mle
def weibull_mle(t, failed):
    scale = float(max(t))
    logs = [math.log(life / scale) for life in t]
    r = sum(bool(f) for f in failed)
    mean = sum(x for x, f in zip(logs, failed) if f) / r

    def slope(beta):
        powers = [math.exp(beta * x) for x in logs]
        return sum(p * x for p, x in zip(powers, logs)) / sum(powers) - 1 / beta - mean

    low, high = 1e-3, 1.0
    while slope(high) < 0:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    beta = (low + high) / 2
    return beta, scale * (sum(math.exp(beta * x) for x in logs) / r) ** (1 / beta)


# %% c07-weibull-km
def kaplan_meier(t, failed):
    order = sorted(range(len(t)), key=lambda i: (t[i], not failed[i]))
    weight = [1 / len(t)] * len(t)
    for place, i in enumerate(order):
        after = len(order) - place - 1
        if not failed[i] and after:
            for k in range(place + 1, len(order)):
                weight[k] += weight[place] / after
            weight[place] = 0.0
    times, survival, alive = [], [], 1.0
    for place, i in enumerate(order):
        if failed[i]:
            alive -= weight[place]
            if times and times[-1] == t[i]:
                survival[-1] = alive
            else:
                times.append(float(t[i]))
                survival.append(alive)
    return times, survival


# %% c07-weibull-blife
def b_life(beta, eta, percent):
    return eta * math.exp(math.log(-math.log(1 - percent / 100)) / beta)


# %% c07-weibull-risk
def risk(beta, eta, age, distance):
    cumulative_hazard = ((age + distance) / eta) ** beta - (age / eta) ** beta
    return 1 - math.exp(-cumulative_hazard)


# %% c07-weibull-interval
def interval(t, failed, percent, confidence):
    beta, eta = weibull_mle(t, failed)
    r = failed.sum()
    size = t.max()
    logs = np.log(t / size)
    loss = stats.norm.ppf((1 + confidence) / 2) ** 2 / 2
    k = -math.log(1 - percent / 100)

    def edges(b):
        """B at both edges of the region for this beta; None outside the region."""
        total = np.exp(b * logs).sum()
        # l(b, eta) = c + r ln w - w with w = total / eta^b; the best w is r.
        here = r * math.log(b) + (b - 1) * logs[failed].sum() - r * math.log(total)
        best = r * math.log(beta) + (beta - 1) * logs[failed].sum()
        best -= r * math.log(np.exp(beta * logs).sum())
        room = loss - (best - here)
        if room < 0:
            return None
        argument = -math.exp(-1 - room / r)
        w = [-r * special.lambertw(argument, branch).real for branch in (0, -1)]
        return sorted(size * (total * k / wi) ** (1 / b) for wi in w)

    step = 0.03 / math.sqrt(r)
    ends = [edges(beta)]
    for direction in (-1, 1):
        b = beta
        while (found := edges(b)) is not None:
            ends.append(found)
            b *= 1 + direction * step
    return min(low for low, _ in ends), max(high for _, high in ends)


# %% c07-weibull-costrate
def cost_rate(age, beta, eta, cost_ratio):
    if age == math.inf:
        return cost_ratio / (eta * math.gamma(1 + 1 / beta))
    n = 400
    h = age / n
    life = 0.0
    for i in range(n):
        life += h * math.exp(-(((i + 0.5) * h / eta) ** beta))
    failing = 1 - math.exp(-((age / eta) ** beta))
    return (1 - failing + cost_ratio * failing) / life


# %% c07-weibull-age
def optimal_age(beta, eta, cost_ratio):
    if beta <= 1 or cost_ratio <= 1:
        return math.inf
    low, high = 0.01 * eta, 4 * eta
    golden = (math.sqrt(5) - 1) / 2
    a, b = high - golden * (high - low), low + golden * (high - low)
    cost_a, cost_b = (cost_rate(age, beta, eta, cost_ratio) for age in (a, b))
    for _ in range(25):
        if cost_a <= cost_b:
            high, b, cost_b = b, a, cost_a
            a = high - golden * (high - low)
            cost_a = cost_rate(a, beta, eta, cost_ratio)
        else:
            low, a, cost_a = a, b, cost_b
            b = low + golden * (high - low)
            cost_b = cost_rate(b, beta, eta, cost_ratio)
    return (low + high) / 2
