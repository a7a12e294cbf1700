"""Counts the pulse from 0 s.

fails: auto-battery-own-pulse-test
"""

# %% auto-battery-own-pulse
plant.close()
plant = power_up()
before = plant.wait(60.0)["V"].mean()
plant.write(mode=1, current=2.0)
V = plant.wait(120.0)["V"].to_numpy()
pulse = fit_pulse(np.arange(len(V)), before - V, 2.0)
pulse_run = plant.recording.as_plain()
