"""Three standard deviations, whatever the rate.

fails: cnc-wear-alarm-limit, cnc-wear-own-test
"""


# %% cnc-wear-line
def fit_wear(force, wear):
    return tuple(np.polyfit(np.asarray(force), np.asarray(wear), 1))


# %% cnc-wear-bound
def alarm_limit(errors, rate):
    return np.mean(errors) + 3 * np.std(errors, ddof=1)


# %% cnc-wear-watch
def watch(values, limit, confirm):
    row = 0
    for position, value in enumerate(values):
        if not np.isnan(value):
            row = row + 1 if value > limit else 0
            if row >= confirm:
                return position
    return None
