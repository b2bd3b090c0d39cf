"""The code sets: immutable dated releases, built from the files that their owners publish.

A release is one SQLite file, named by its content and opened read-only. It is staged from the
published file (`staging`), validated against its kind's bounds and canaries (`kinds`), put on the
shelf (`shelf`), and from then on answers for the dates of service that it covers. An old release is
never changed or removed: a claim of last year is judged by last year's tables.
"""
