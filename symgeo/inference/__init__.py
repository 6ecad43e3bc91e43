"""Estimation with the derived geometry.

- `fisher_scoring.fit(model, data)`: maximum likelihood by natural-gradient steps; returns a `result.Fit`.

How: data.py reads and checks the observations; equations.py states the likelihood equations of an exponential
family; starting.py looks for a place to begin; ascent.py climbs, in float64 (likelihood.py) and, where float64
cannot tell the answer, in ball arithmetic (precise.py, balls.py); boundary.py says where an estimate runs that
does not exist.
"""
