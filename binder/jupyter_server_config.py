"""Kernels of a visitor's server: warm before the first app is opened."""

from millwright_labs.voila import warm_kernels

c = get_config()  # noqa: F821

warm_kernels(c)
c.ServerApp.jpserver_extensions = {"millwright_grader.warm": True}
