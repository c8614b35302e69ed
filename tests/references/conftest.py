"""What makes reference values needs libraries that custprof does without."""

collect_ignore = ["lifetime.py"]
