"""A program of its own that reads media sites with yt-dlp: a limited child without another way out.

Imports only the standard library and yt-dlp. It is told what to do by a request file and answers
with one JSON object a line on standard output; `jobs.sources.site_process` starts it.
"""
