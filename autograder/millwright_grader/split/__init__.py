"""Two processes for one submission: the student's kernel and the checker.

The student's kernel runs the student's cells and holds no test and no answer. The checker runs the
author's cells, with ordinary asserts, and holds no student code: every name that the student has
defined is a stand-in there. Data come across as plain values, calls go across by request, so that
the verdict never passes through the student's process.

- `values`: what travels, and how
- `peer`: requests in both directions over one socket
- `student`: the student's side
- `standins`: what the checker sees of the student's objects
- `checker`: runs the author's cells
- `run`: how both processes begin, in a fork of the warm parent
"""
