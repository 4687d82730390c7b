"""Trainings in processes of their own, each in a folder that tells all about it.

    jobs/<id>/  spec.json       what to train, for whom
                status.json     where it stands; replaced at once
                progress.jsonl  a line for each few steps: loss terms
                history.jsonl   a line for each epoch
                preview.npy     the latest reconstructions of ten test images
                resume/         the last finished epoch
                stop            there once someone asked it to stop
                lock            held by the training process while it lives

The folder is the only link between server and trainer: any page, server or shell reads the same.
"""

from ae_core.jobs.folder import Job, Status, active, find, listing, request_stop
from ae_core.jobs.local import resume, submit

__all__ = ["Job", "Status", "active", "find", "listing", "request_stop", "resume", "submit"]
