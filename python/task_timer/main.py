"""The entry point of the process, and its only listener: `python -m task_timer.main`."""

from .server.serve import serve


def main() -> None:
    """Serves until a signal stops the process; exits 2 with all errors if it cannot start."""
    serve("task_timer.app:create_app", "wsgi")


if __name__ == "__main__":
    main()
