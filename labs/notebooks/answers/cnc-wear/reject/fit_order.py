"""Intercept first, slope second.

fails: cnc-wear-accept, cnc-wear-estimate, cnc-wear-own-test
"""


# %% cnc-wear-line
def fit_wear(force, wear):
    a, b = np.polyfit(np.asarray(force), np.asarray(wear), 1)
    return b, a


# %% cnc-wear-bound
def alarm_limit(errors, rate):
    n = len(errors)
    t = stats.t.ppf(1 - rate, n - 1)
    return np.mean(errors) + t * np.std(errors, ddof=1) * np.sqrt(1 + 1 / n)


# %% cnc-wear-watch
def watch(values, limit, confirm):
    row = 0
    for position, value in enumerate(values):
        if not np.isnan(value):
            row = row + 1 if value > limit else 0
            if row >= confirm:
                return position
    return None
