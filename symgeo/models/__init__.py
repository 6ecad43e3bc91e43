"""Declarations: support, chart and density of a model, their checks, and the exponential form that is recognised."""
