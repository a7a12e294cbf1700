"""The course `twins` for nbgrader."""

from millwright_grader import configure

c = get_config()
c.CourseDirectory.course_id = "twins"
configure(c)
