"""What Voila reads at its start; options on the command line come after it and win."""

from millwright_labs.voila import configure

configure(c)  # noqa: F821
