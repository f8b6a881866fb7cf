"""The rules. Nothing here knows of HTTP; failures are the exceptions of `utils.errors`.

Services find what the process holds by `current.resources`, wherever a request is answered.
"""
