"""The Python twin without its supervisor's watch: a worker may stand at a breakpoint for long.

A breakpoint stops all threads of a worker, its event loop among them; gunicorn, which supervises,
would kill it after the thirty seconds in which it did not say that it is well.
"""

import runpy

from gunicorn.config import Timeout

if __name__ == "__main__":
    Timeout.default = 0
    runpy.run_module("task_timer.main", run_name="__main__")
