"""Baselines: front ends and models under one protocol, one row of the table each."""
