"""The demo: real media, a real S3 server and a small site, and one job from each of them.

`python -m console.demo` runs it. It uses the public command line only, like any other user.
"""
