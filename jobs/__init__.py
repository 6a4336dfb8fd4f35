"""What shall be done? Job specs, sources, fetching, the work queue, retries."""
