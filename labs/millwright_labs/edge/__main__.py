"""`python -m millwright_labs.edge pump.onnx`: train a health model of the pump and write it."""

import argparse
import sys

import tqdm

from millwright_labs.errors import EdgeError


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m millwright_labs.edge")
    parser.add_argument("path", help="the ONNX file to write")
    parser.add_argument("--runs", type=int, default=300, help="of the pump, to train on")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if given.runs < 60:
        parser.error("at least 60 runs are needed to see every fault at several conditions")
    try:
        from millwright_labs.edge import training

        with tqdm.tqdm(total=given.runs, unit="run") as bar:
            data = training.runs(given.runs, given.seed, lambda _: bar.update())
        pipeline = training.train(data, given.seed)
        fresh = training.runs(60, given.seed + 1)
        training.export(pipeline, data, given.path)
    except (EdgeError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{given.path}: right on {pipeline.score(fresh.X, fresh.health):.0%} of fresh windows")
    return 0


if __name__ == "__main__":
    sys.exit(main())
