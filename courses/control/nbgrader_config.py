"""The course `control` for nbgrader."""

from millwright_grader import configure

c = get_config()
c.CourseDirectory.course_id = "control"
configure(c)
