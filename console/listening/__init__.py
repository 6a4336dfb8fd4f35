"""Hearing an item: kept media as the detector heard them, exact to the sample, and their pictures."""
