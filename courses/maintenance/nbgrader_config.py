"""The course `maintenance` for nbgrader."""

from millwright_grader import configure

c = get_config()
c.CourseDirectory.course_id = "maintenance"
# What takes long to import, so that no submission waits for it.
configure(
    c,
    imports=[
        "numpy",
        "pandas",
        "scipy.stats",
        "scipy.optimize",
        "matplotlib.pyplot",
        "millwright_data.readers",
        "millwright_labs.figures",
    ],
)
