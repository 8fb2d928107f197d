"""The checks of all clients that are named, each in a process of its own. It begins where the libraries that most of them share are loaded already,
as loading them takes longer than the checks."""

import json
import os
import runpy
import sys
from pathlib import Path

import anthropic
import openai

assert anthropic and openai

for client in sys.argv[2:]:
    print(json.dumps({"client": client}), flush=True)
    child = os.fork()
    if child == 0:
        runpy.run_path(str(Path(__file__).with_name(f"{client}_client.py")), run_name="__main__")
        sys.stdout.flush()
        # Without taking apart all that was loaded.
        os._exit(0)
    os.waitpid(child, 0)
