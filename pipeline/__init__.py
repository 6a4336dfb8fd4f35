"""What does the sound say? Arrays in, arrays out; imports nothing else of ours."""
