"""Numeric functions and stand-alone source text from SymPy expressions; no statistics.

- `numpy_function(expressions, arguments)`: several expressions at once, on NumPy arrays;
  `unchecked` the same for callers that look after their arguments.
- `lambdify(obj, coordinates)`: a tensor or expression as a function of the point, broadcasting over leading
  axes; `plain_lambdify` the same in doubles alone.
- `source(obj, coordinates)`, `module_source({name: obj})`: the same as the text of a module that stands
  alone.
- `c_files({name: obj})`: the same as a C header and source.
- `evaluate(expr, values, digits)`: one value to many digits by mpmath, independent of the above.
- `Kernel`: the description that all of these start from.

How: an expression becomes a graph of elementary operations (builder.py, graph.py) through the one table of
functions (special_functions.py, lowering.py, stable.py); each target prints it (printer.py, *_printer.py,
*_source.py), with a column of the table (spelling_*.py) and helpers whose text is copied into its source. NumPy,
SciPy, mpmath, JAX and PyTorch are imported when first needed.
"""

from symgeo.codegen.backends import lambdify
from symgeo.codegen.c_source import c_files
from symgeo.codegen.kernel import Kernel
from symgeo.codegen.numpy import numpy_function, plain_lambdify, unchecked
from symgeo.codegen.reference import evaluate
from symgeo.codegen.source import module_source, source

__all__ = [
    "Kernel",
    "c_files",
    "evaluate",
    "lambdify",
    "module_source",
    "numpy_function",
    "plain_lambdify",
    "source",
    "unchecked",
]
