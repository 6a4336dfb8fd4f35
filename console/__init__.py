"""How do people reach it? The command line now; the HTTP API and the pages later."""
