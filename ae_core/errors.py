"""The errors that a person can mend; each message is one sentence fit for a page."""


class ExplorerError(Exception):
    """Says what was got, what was expected, and what to do."""


class OptionError(ExplorerError, ValueError):
    """An unknown kind, network or option, or a value outside its range."""


class SettingsError(ExplorerError):
    """A setting of the server that makes no sense."""


class DatasetError(ExplorerError):
    """A data set that is unknown, missing or damaged."""


class ImageError(ExplorerError):
    """A file that cannot be read as an image."""


class RunError(ExplorerError):
    """A run folder that is missing, incomplete, changed, or cannot be written."""


class TrainingError(ExplorerError):
    """A training that cannot start or go on."""
