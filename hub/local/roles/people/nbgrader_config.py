"""nbgrader for people: fetch, validate, submit with a receipt, read feedback.

Teachers have it too, so that they can try what they release.
"""

import os
import pwd
from pathlib import Path

import millwright_grader

c = get_config()  # noqa: F821
home = Path(os.environ["HOME"])

# The name comes from the hub. nbgrader itself would take the operating system's account.
c.CourseDirectory.student_id = os.environ["JUPYTERHUB_USER"]
c.Exchange.root = os.environ["MILLWRIGHT_EXCHANGE"]
c.Exchange.path_includes_course = True
c.Exchange.assignment_dir = str(home / "assignments")
c.Authenticator.plugin_class = "nbgrader.auth.JupyterHubAuthPlugin"
try:
    pwd.getpwuid(os.getuid())
except KeyError:
    # nbgrader wants every account to be able to write to the exchange's root. Without a name in the
    # user list we run under an account of our own, and only the inbound folders are open to it.
    c.CourseDirectory.groupshared = True
c.KernelManager.transport_encryption = "auto"

millwright_grader.configure(c)
c.MillwrightSubmit.receipts = str(home / "receipts")
