"""Keeps what should be let go.

fails: air-pitch-filtered-test, air-pitch-identify-test, air-pitch-own-model-test
"""


# %% air-pitch-filtered
def filtered(x, tau, dt):
    x = np.asarray(x, dtype=float)
    keep = 1.0 - math.exp(-dt / tau)
    x_f = x.copy()
    for k in range(1, len(x)):
        x_f[k] = keep * x_f[k - 1] + (1.0 - keep) * x[k]
    return x_f, (x - x_f) / tau


# %% air-pitch-flight
plant.close()
plant = start()
plant.write(K_theta=2.5, K_q=1.8, K_i=0.6)
plant.write(law=1)
plant.wait(5.0)
plant.write(theta_ref=3.0)
plant.wait(20.0)
plant.write(theta_ref=0.0)
plant.wait(10.0)
plant.write(turbulent=1)
plant.wait(70.0)
run = plant.recording.as_plain()
