"""Serve a folder of apps: ``python -m millwright_labs.voila FOLDER [Voila's own options]``."""

import sys

from voila.app import Voila

from millwright_labs.voila import CONFIG_FOLDER


def main() -> None:
    """Start Voila with the settings of `millwright_labs.voila.configure`."""
    Voila.launch_instance([f"--Voila.config_file_paths={CONFIG_FOLDER}", *sys.argv[1:]])


if __name__ == "__main__":
    main()
