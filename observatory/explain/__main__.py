"""Entry point of `python -m observatory.explain`."""

import sys

from observatory.explain.command import main

sys.exit(main())
