"""How the programs here say what they have found."""

import sys
import traceback


class Checks:
    def __init__(self):
        self.failed = False

    async def run(self, name, check):
        """Runs one check, a function that fails with an exception."""
        try:
            await check()
        except Exception as error:
            self.failed = True
            traceback.print_exc()
            print(f"failed {name}: {type(error).__name__} {error}", flush=True)
        else:
            print(f"ok {name}", flush=True)

    def end(self):
        sys.exit(1 if self.failed else 0)


def equal(found, expected):
    if found != expected:
        raise AssertionError(f"{found!r} instead of {expected!r}")
