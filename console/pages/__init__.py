"""The pages: server-rendered HTML over the same desks as the API; htmx swaps parts of them."""
