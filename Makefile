.PHONY: run test quick bench release lock

run:  ## a JupyterHub on 127.0.0.1 with a demo class
	@sh tools/setup.sh
	@.venv/bin/python hub/local/run.py $(ARGS)

test:  ## the whole suite
	@sh tools/setup.sh tests
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/pytest $(ARGS)

quick:  ## the suite without slow parts and browser
	@sh tools/setup.sh
	.venv/bin/pytest -m "not slow and not browser" $(ARGS)

bench:  ## the figures of the README, measured here, into benchmarks/results.json
	@sh tools/setup.sh tests
	.venv/bin/python benchmarks/run.py $(ARGS)

release:  ## what students and the public get, into release/
	@sh tools/setup.sh
	.venv/bin/python courses/release.py $(ARGS)

lock:  ## requirements.lock, environment.yml and binder/ anew from pyproject.toml
	@sh tools/setup.sh
	.venv/bin/python tools/lock.py
