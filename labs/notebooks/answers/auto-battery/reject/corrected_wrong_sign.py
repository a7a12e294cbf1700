"""Corrects away from the truth.

fails: auto-battery-accept-test, auto-battery-corrected-test
"""


# %% auto-battery-corrected
def corrected(V, I, dt, Q, pulse, soc0):
    R0, R1, a = pulse["R0"], pulse["R1"], math.exp(-dt / pulse["tau"])
    x, P, A = np.array([soc0, 0.0]), np.diag([0.01, 1e-6]), np.diag([1.0, a])
    found = []
    for v, i in zip(np.asarray(V), np.asarray(I)):
        x = np.array([x[0] - i * dt / 3600 / Q, a * x[1] + R1 * (1 - a) * i])
        P = A @ P @ A + np.diag([1e-9, 1e-7])
        z = min(max(x[0], 0.01), 1.0)
        H = np.array([slope(z), -1.0])
        K = P @ H / (H @ P @ H + 1e-4)
        x = x - K * (v - (open_circuit_voltage(z) - x[1] - R0 * i))
        P = P - np.outer(K, H @ P)
        found.append(x[0])
    return np.array(found)
