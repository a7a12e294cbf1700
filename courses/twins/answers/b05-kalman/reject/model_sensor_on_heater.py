"""The thermometer is put on the heater, which nobody can measure.

fails: b05-kalman-model-test, b05-kalman-evidence-test
"""

# %% b05-kalman-model
def box_model(p, Ts):
    """Return A (2, 2), B (2, 2), C (1, 2) of the box, exact for steps of Ts seconds."""
    F = np.array(
        [
            [-p["G_heater"] / p["C_heater"], p["G_heater"] / p["C_heater"]],
            [p["G_heater"] / p["C_air"], -(p["G_heater"] + p["G_box"]) / p["C_air"]],
        ]
    )
    G = np.array([[p["power"] / p["C_heater"], 0.0], [0.0, p["G_box"] / p["C_air"]]])
    both = linalg.expm(np.block([[F, G], [np.zeros((2, 4))]]) * Ts)
    return both[:2, :2], both[:2, 2:], np.array([[1.0, 0.0]])
