"""nbgrader for the teachers of one course: formgrader, collect, autograde, release."""

import json
import os
import pwd
from pathlib import Path

import millwright_grader

c = get_config()  # noqa: F821
root = Path(os.environ["MILLWRIGHT_COURSE_DIRECTORY"])

c.CourseDirectory.root = str(root)
c.CourseDirectory.course_id = root.name
c.Exchange.root = os.environ["MILLWRIGHT_EXCHANGE"]
c.Exchange.path_includes_course = True
c.Authenticator.plugin_class = "nbgrader.auth.JupyterHubAuthPlugin"
try:
    pwd.getpwuid(os.getuid())
except KeyError:
    # A numeric account has no name for nbgrader's "you do not own this directory". With
    # groupshared it does not ask; the account's group has no other member.
    c.CourseDirectory.groupshared = True

# Where each student has an account, a submission must belong to the student it is named after.
owners = json.loads(os.environ["MILLWRIGHT_OWNERS"]) or None
millwright_grader.configure(c, owners=owners)
