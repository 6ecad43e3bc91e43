"""Estimation with the derived geometry.

- `fisher_scoring.fit(model, data)`: maximum likelihood by natural-gradient steps; returns a `result.Fit`.
- `regions.confidence_region`, `intervals.confidence_interval`, `prediction.predict`: what a fit leaves open.
- `natural_gradient.descend`, `trust_region.TrustRegion`, `gradient_transformation.scale_by_fisher`: steps down a loss.

How: data.py reads and checks the observations; equations.py states the likelihood equations of an exponential
family; starting.py looks for a place to begin; ascent.py climbs, in float64 (likelihood.py) and, where float64
cannot tell the answer, in ball arithmetic (precise.py, balls.py); boundary.py says where an estimate runs that
does not exist. second_order.py derives what is of order 1/N in symbols; bartlett.py and predictive.py take it in
numbers at an estimate, averaged over the covariates, to correct regions and prediction bands.
"""
