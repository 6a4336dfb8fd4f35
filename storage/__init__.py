"""What is kept, and where? Tables, objects, models, and the one way out to the network."""
