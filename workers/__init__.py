"""Where does it run? Ray actors and the fleet loop."""
