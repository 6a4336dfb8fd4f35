"""Synthesis: spoofed speech made from genuine speech, in matched pairs, by many generators."""
