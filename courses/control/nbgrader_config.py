"""The course `control` for nbgrader."""

from millwright_grader import configure

c = get_config()
c.CourseDirectory.course_id = "control"
# What takes long to import, so that no submission waits for it.
configure(
    c,
    imports=[
        "numpy",
        "pandas",
        "matplotlib.pyplot",
        "control",
        "millwright_labs.figures",
        "millwright_labs.plants",
    ],
)
