"""The entry point of the process, and its only listener: the server of the Python twin."""

from task_timer.server.serve import serve

if __name__ == "__main__":
    serve("task_timer_django.wsgi:create_app", "wsgi")
