"""The course `maintenance` for nbgrader."""

from millwright_grader import configure

c = get_config()
c.CourseDirectory.course_id = "maintenance"
configure(c)
