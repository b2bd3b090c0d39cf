"""`python -m coding_svc.codebook.starter DIRECTORY`: build what ships with the product."""

import sys
from pathlib import Path

from coding_svc.codebook import starter

starter.put(Path(sys.argv[1]))
