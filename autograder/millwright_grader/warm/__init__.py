"""Kernels forked from a warm parent.

Most of the time that a small notebook takes is spent importing: NumPy, SciPy, pandas, matplotlib,
python-control. Here one single-threaded parent process imports them once; each kernel is a fork of
it, made before any kernel object exists, so that a kernel starts in a fraction of a second and
shares the memory of its modules.

Promises

- A kernel is never used twice. Random generators are seeded anew in each.
- The parent holds modules and nothing else: no connection key, no course file, no environment of
  whoever started it.
- A kernel behaves as one that was started cold: interrupt, restart, shutdown, figures, widgets.
- It dies with its parent, and both die with the process that asked for them.
- Where no parent can be had, the kernel starts cold, with one warning.

`WarmProvisioner` is the door: an entry of `jupyter_client.kernel_provisioners`. As an extension of
a Jupyter server, this package starts the parent with the server.
"""


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": f"{__name__}.server"}]
