"""Errors that a user can fix. Each message is one sentence that a page can show."""


class ExplorerError(Exception):
    """Base class; the message says what was got, what was expected, and what to do."""


class OptionError(ExplorerError, ValueError):
    """An unknown kind, network or option, or a value outside its range."""


class SettingsError(ExplorerError):
    """An invalid server setting."""


class DatasetError(ExplorerError):
    """A data set that is unknown, missing or damaged."""


class ImageError(ExplorerError):
    """A file that cannot be read as an image."""


class RunError(ExplorerError):
    """A run folder that is missing, incomplete, changed, or cannot be written."""


class TrainingError(ExplorerError):
    """A training that cannot start or continue."""


class LessonError(ExplorerError):
    """A file of a lesson that cannot be read, or has a mistake."""
