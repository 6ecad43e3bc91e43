"""Geometry from the triple (coordinates, metric, cubic tensor): connections, curvature, duality. No densities."""
