#!/usr/bin/env python3
"""Django's commands: `manage.py check`. Rows, tables and users are those of `task_timer.manage`."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "task_timer_django.settings")
    execute_from_command_line(sys.argv)
