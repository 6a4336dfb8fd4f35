"""A program of its own that reads zip and tar files: a limited child without a network.

Imports only the standard library. It never writes a file and never uses a member's name as a path:
it lists members as JSON, or streams one of them to standard output. `jobs.sources.archives` starts it.
"""
