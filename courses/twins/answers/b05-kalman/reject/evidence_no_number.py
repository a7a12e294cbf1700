"""The number in the class register is left at 0.

fails: b05-kalman-evidence-test
"""

# %% b05-kalman-evidence
# Set my_number, filter the trial into x, P, e, S, and build the dict evidence.
my_number = 0
trial = acceptance_trial(my_number)
A, B, C = box_model(BOX, Ts)
x, P, e, S = kf_run(
    trial[["T_box"]].to_numpy(), trial[["heater", "T_room"]].to_numpy(), A, B, C,
    1e-4 * np.eye(2), np.array([[0.0625]]), np.array([21.0, 21.0]), np.eye(2),
)
error = trial["T_heater"].to_numpy() - x[:, 0]
nis, low, high = nis_check(e, S)
evidence = {
    "nis": nis,
    "low": low,
    "high": high,
    "coverage": np.mean(np.abs(error) <= 2 * np.sqrt(P[:, 0, 0])),
    "worst": error.max(),
    "unsafe": np.sum((x[:, 0] + 2 * np.sqrt(P[:, 0, 0]) < 45) & (trial["T_heater"].to_numpy() >= 45)),
}
