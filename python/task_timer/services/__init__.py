"""The rules. Nothing here knows of HTTP; failures are the exceptions of `utils.errors`."""
