"""Who uses the console and its API: people, their places in accounts, sessions and keys."""
