"""`python -m voiceclone` is the command `voiceclone`, where it is not installed."""

import sys

from voiceclone.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
