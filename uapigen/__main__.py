"""``python -m uapigen``."""

import sys

from uapigen.cli import main

sys.exit(main())
