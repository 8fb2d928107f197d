"""What every file of checks shares: the server's address, and one line of JSON per check on stdout."""

import asyncio
import inspect
import json
import sys

ROOT = sys.argv[1]
BASE = f"{ROOT}/v1"
MODEL = "tiny"
PERSON = {
    "type": "object",
    "properties": {"old": {"type": "boolean"}},
    "required": ["old"],
    "additionalProperties": False,
}
METRIC = {
    "type": "object",
    "properties": {"metric": {"type": "boolean"}},
    "required": ["metric"],
    "additionalProperties": False,
}
WORDS = ["one", "two", "three"]


def run(*checks):
    """Runs each check, which may be a coroutine, and says what came of it."""
    for check in checks:
        try:
            result = check()
            if inspect.iscoroutine(result):
                asyncio.run(result)
            print(json.dumps({"check": check.__name__, "ok": True}), flush=True)
        except Exception as failure:
            told = f"{type(failure).__name__}: {failure}"[:2000]
            print(json.dumps({"check": check.__name__, "ok": False, "told": told}), flush=True)


def raises(kind, work):
    """The failure of this kind that the work ends with."""
    try:
        work()
    except kind as failure:
        return failure
    raise AssertionError(f"expected {kind.__name__}")
