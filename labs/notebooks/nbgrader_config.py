"""The lab notebooks for nbgrader."""

import os

from millwright_grader import configure

# Graded machines live in the process that asks for them, and their time passes when it waits.
os.environ.setdefault("MILLWRIGHT_LINK", "here")

c = get_config()
c.CourseDirectory.course_id = "labs"
# What takes long to import, so that no submission waits for it.
configure(
    c,
    imports=[
        "numpy",
        "pandas",
        "scipy.optimize",
        "scipy.signal",
        "scipy.stats",
        "matplotlib.pyplot",
        "control",
        "millwright_data.readers",
        "millwright_labs.figures",
        "millwright_labs.link",
    ],
)
