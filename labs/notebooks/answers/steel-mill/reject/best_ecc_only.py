"""Looks at the rolls only.

fails: steel-mill-best-test
"""


# %% steel-mill-best
def best_gain(M, Q, M_hat, entry, ecc):
    C = np.linspace(0, 1, 1001)
    return float(C[np.argmin(sensitivities(C, M, Q, M_hat)[1] * ecc)])


# %% steel-mill-coil
plant.close()
plant = start()
S_start = 1.1 + (3.2 - narrow["h_gauge"].mean()) * (M_hat + Q_hat) / M_hat
C = 0.85
g = sensitivities(C, M_hat, Q_hat, M_hat)[1]
thread(plant, S_start)
plant.write(M_hat=M_hat, C=C, e_amp=e_amp, e_phase=e_phase, h_ref=3.2)
plant.write(K_i=monitor_gain(g, 2.0, 10.0, 0.1, 65.0))
plant.write(agc=1)
plant.wait(40.0)
run = plant.recording.as_plain()
