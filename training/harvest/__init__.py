"""Harvest: more genuine and more synthetic speech, from what Debian packages and wheels carry."""
