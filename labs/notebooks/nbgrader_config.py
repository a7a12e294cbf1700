"""The lab notebooks for nbgrader."""

from millwright_grader import configure

c = get_config()  # noqa: F821
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
        "millwright_data",
        "millwright_labs.figures",
        "millwright_labs.link",
    ],
)
