"""Terminals: the hub's search path and a prompt that needs no user name."""

import shutil
from pathlib import Path

c = get_config()  # noqa: F821

# A login shell would read /etc/profile, which resets PATH: `millwright-grade` would be unknown.
if bash := shutil.which("bash"):
    rcfile = Path(__file__).with_name("bashrc")
    c.ServerApp.terminado_settings = {"shell_command": [bash, "--rcfile", str(rcfile)]}
