"""1 A.

fails: auto-battery-own-pulse-test
"""

# %% auto-battery-own-pulse
plant.close()
plant = power_up()
before = plant.wait(60.0)["V"].mean()
plant.write(mode=1, current=1.0)
V = plant.wait(120.0)["V"].to_numpy()
pulse = fit_pulse(np.arange(1, len(V) + 1), before - V, 1.0)
pulse_run = plant.recording.as_plain()
