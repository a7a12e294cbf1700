"""nbgrader's settings for the course `primer`."""

from millwright_grader import configure

c = get_config()
c.CourseDirectory.course_id = "primer"
# What takes long to import, so that no submission waits for it.
configure(
    c,
    imports=[
        "numpy",
        "scipy.optimize",
        "scipy.integrate",
        "matplotlib.pyplot",
    ],
)
