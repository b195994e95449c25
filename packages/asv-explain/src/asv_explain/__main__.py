"""Entry point of `python -m asv_explain`."""

import sys

from asv_explain.command import main

sys.exit(main())
