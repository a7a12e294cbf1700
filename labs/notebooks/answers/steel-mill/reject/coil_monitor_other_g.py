"""The monitor's gain for a stand without gaugemeter: the phase margin is gone.

fails: steel-mill-accept-test
"""

# %% steel-mill-coil
plant.close()
plant = start()
S_start = 1.1 + (3.2 - narrow["h_gauge"].mean()) * (M_hat + Q_hat) / M_hat
C = 0.85
g = sensitivities(C, M_hat, Q_hat, M_hat)[1]
thread(plant, S_start)
plant.write(M_hat=M_hat, C=C, e_amp=e_amp, e_phase=e_phase, h_ref=3.2)
plant.write(K_i=monitor_gain(sensitivities(0.0, M_hat, Q_hat, M_hat)[1], 2.0, 10.0, 0.1, 50.0))
plant.write(agc=1)
plant.wait(40.0)
run = plant.recording.as_plain()
