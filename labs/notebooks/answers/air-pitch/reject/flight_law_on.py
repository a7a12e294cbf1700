"""Identifies with the law on.

fails: air-pitch-flights-test
"""

# %% air-pitch-check-flight
plant.close()
plant = start()
plant.write(K_theta=0.1, law=1)
fly(plant, test_card(2.0, 1.75, [1, 1]))
check_run = plant.recording.as_plain()
