"""``python -m mtc_codesign``, and the entry point of the ``codesign`` script."""

import sys

from codesign.command_line import main

if __name__ == "__main__":
    sys.exit(main())
