"""Recipes: one frozen config for each published run."""
