"""Work that takes longer than a second, in processes of its own, each with a folder that says all about it.

    jobs/<id>/  spec.json       which task, what it works on, for whom
                status.json     where it stands; replaced at once
                progress.jsonl  a line for each few steps of a training: loss terms
                history.jsonl   a line for each epoch
                preview.npy     the latest reconstructions of ten test images
                resume/         the last finished epoch
                stop            there once someone asked it to stop
                lock            held by its process while that lives
                log.txt         what it printed
    jobs/.queue                 held by whoever changes the queue
    used/<id>                   when the job or its run was last looked at

The folder is the only link between servers and processes: any page, server or shell reads the same. What a task does
is in `catalog`, a file for each.
"""

from ae_core.tasks.cleanup import clean_up, note_use
from ae_core.tasks.folder import Job, find, jobs_of, shared
from ae_core.tasks.limits import check, check_trainer, room
from ae_core.tasks.ownership import check_title, export, owns, remove, rename, runs_for
from ae_core.tasks.queue import (
    Place,
    compute,
    place,
    request_stop,
    resume,
    submit,
    submit_all,
    submit_import,
    tick,
)
from ae_core.tasks.status import Status

__all__ = [
    "Job",
    "Place",
    "Status",
    "check",
    "check_title",
    "check_trainer",
    "clean_up",
    "compute",
    "export",
    "find",
    "jobs_of",
    "note_use",
    "owns",
    "place",
    "remove",
    "rename",
    "request_stop",
    "resume",
    "room",
    "runs_for",
    "shared",
    "submit",
    "submit_all",
    "submit_import",
    "tick",
]
