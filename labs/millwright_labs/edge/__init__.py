"""At the edge: a health model beside the machine, on its stream, with little memory.

A model is trained where there is time (`training`: scikit-learn, on seeded runs of a virtual
machine), carried as one ONNX file, and run where the data arise (`HealthModel`, `Watch`:
onnxruntime, one thread, a ring of fixed size).

>>> watch = Watch(HealthModel.load("pump.onnx"), plant)
>>> for verdict in watch.run(3600.0):
...     print(verdict)

`python -m millwright_labs.edge pump.onnx` trains one.
"""

from millwright_labs.edge.model import HealthModel, Verdict
from millwright_labs.edge.watch import Ring, Watch

__all__ = ["HealthModel", "Ring", "Verdict", "Watch"]
