"""nbgrader's settings for the course `primer`."""

from millwright_grader import configure

c = get_config()
c.CourseDirectory.course_id = "primer"
configure(c)
