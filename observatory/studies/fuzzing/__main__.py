"""The command: python -m observatory.studies.fuzzing --seconds 60 --out FOLDER."""

from __future__ import annotations

import sys

from observatory.studies.fuzzing.command import main

sys.exit(main())
