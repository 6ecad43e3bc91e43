"""Geodesics, distances and means of manifolds in numbers: algorithms over generated functions."""
