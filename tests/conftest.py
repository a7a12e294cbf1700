"""What holds for all tests: machines run in the test's own process unless a test says otherwise.

Notebooks that tests execute inherit this; on a school's server the same notebooks are live.
"""

import os

os.environ.setdefault("MILLWRIGHT_LINK", "here")
