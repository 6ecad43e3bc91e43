"""Expectations of sufficient statistics, over field elements; no model is known here."""
