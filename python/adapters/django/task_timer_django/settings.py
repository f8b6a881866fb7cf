"""Settings of Django. Those of the Task Timer are read by `task_timer.config`, as in the twin."""

from typing import Any

INSTALLED_APPS = ["task_timer_django"]
MIDDLEWARE = ["task_timer_django.middleware.CallMiddleware"]
ROOT_URLCONF = "task_timer_django.urls"
WSGI_APPLICATION = "task_timer_django.wsgi.application"

# The engine of the twin is used, with its transactions.
DATABASES: dict[str, Any] = {}
# The first check reads Host; nothing makes a URL of it.
ALLOWED_HOSTS = ["*"]
# The middleware answers every exception but those that are left to the server.
DEBUG_PROPAGATE_EXCEPTIONS = True
# The access log has a line for each answer already.
LOGGING = {"version": 1, "incremental": True, "loggers": {"django.request": {"level": "CRITICAL"}}}
USE_I18N = False
