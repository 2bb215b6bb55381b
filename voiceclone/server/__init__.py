"""The worker over HTTP: OpenAI's dialect with sound that is sent while it is made, and the platform's job API."""

from voiceclone.server.serving import Server

__all__ = ["Server"]
