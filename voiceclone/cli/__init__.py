"""The command `voiceclone`: what a person says to it, and what it shows."""
