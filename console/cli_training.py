"""The command line's training commands; imported only when one of them is called."""
