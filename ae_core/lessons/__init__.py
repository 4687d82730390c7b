"""Lessons: short texts that ask before they tell, and whose answers are computed from runs when they are told.

`text` reads the files, `quantities` is what a question can ask for, `pictures` is what can be shown beside it.
docs/lessons.md describes the files.
"""
