"""Trainings in processes of their own, each in a folder that tells all about it.

    jobs/<id>/  spec.json       what to train, for whom
                status.json     where it stands; replaced at once
                progress.jsonl  a line for each few steps: loss terms
                history.jsonl   a line for each epoch
                preview.npy     the latest reconstructions of ten test images
                resume/         the last finished epoch
                stop            there once someone asked it to stop
                lock            held by the training process while it lives
                log.txt         what it printed
    jobs/.queue                 held by whoever changes the queue
    used/<id>                   when the job or its run was last looked at

The folder is the only link between servers and trainers: any page, server or shell reads the same.
"""

from ae_core.tasks.cleanup import note_use, sweep
from ae_core.tasks.folder import Job, Status, active, find, listing
from ae_core.tasks.limits import check, check_trainer
from ae_core.tasks.ownership import export, listed, owns, remove, rename
from ae_core.tasks.queue import Place, place, request_stop, resume, submit, tick

__all__ = [
    "Job",
    "Place",
    "Status",
    "active",
    "check",
    "check_trainer",
    "export",
    "find",
    "listed",
    "listing",
    "note_use",
    "owns",
    "place",
    "remove",
    "rename",
    "request_stop",
    "resume",
    "submit",
    "sweep",
    "tick",
]
