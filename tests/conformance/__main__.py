"""Print the conformance table; the exit code tells whether every request was answered."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from . import old_client, third_client, versions
from .table import play_all, rendered

results = play_all()
print(rendered(results), end="\n\n")
print(versions.rendered(), end="\n\n")
for client in (old_client, third_client):
    reason = client.missing()
    if reason is not None:
        print(f"without {client.NAME}: {reason}")
sys.exit(not all(result.is_answered for result in results))
