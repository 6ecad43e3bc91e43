"""``python -m symgeo``: the command line."""

import sys

from symgeo.cli import main

sys.exit(main())
