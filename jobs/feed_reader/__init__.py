"""A program of its own that parses feeds with feedparser: a limited child without a network.

Imports only the standard library and feedparser. It is given a file and answers with one JSON
object a line on standard output; `jobs.sources.feed` starts it.
"""
