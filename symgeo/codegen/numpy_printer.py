"""NumPy's spelling of the operations of a graph."""

from __future__ import annotations

from symgeo.codegen.python_printer import PythonPrinter


class NumpyPrinter(PythonPrinter):
    """Operators on NumPy's arrays."""

    target = "numpy"
    module = "np"
    scalar = "np.float64({0})"
