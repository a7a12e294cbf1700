"""Trusts each reading of the voltage wholly.

fails: auto-battery-corrected-test
"""


# %% auto-battery-corrected
def corrected(V, I, dt, Q, pulse, soc0):
    R0, R1, a = pulse["R0"], pulse["R1"], math.exp(-dt / pulse["tau"])
    z, V1, found = soc0, 0.0, []
    for v, i in zip(np.asarray(V), np.asarray(I)):
        z -= i * dt / 3600 / Q
        V1 = a * V1 + R1 * (1 - a) * i
        z += (v + V1 + R0 * i - open_circuit_voltage(z)) / slope(z)
        found.append(z)
    return np.array(found)
