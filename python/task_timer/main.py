"""The entry of the process, and its only listener: `python -m task_timer.main`."""

from .server.serve import serve


def main() -> None:
    """Serves until a signal ends the process; exits 2 with all faults when it cannot begin."""
    serve("task_timer.app:create_app", "wsgi")


if __name__ == "__main__":
    main()
