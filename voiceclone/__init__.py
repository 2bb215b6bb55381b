"""F5-TTS voice cloning as a serverless worker: one job in, one audio file out.

Importing this package imports nothing heavy; each room loads what it needs when it is first used.
"""
