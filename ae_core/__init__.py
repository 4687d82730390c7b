"""Autoencoders and their latent spaces: train, load, encode, decode.

    run = ae_core.train("sparse", hyperparameters={"l1": 1e-5}, epochs=10, out="my-run")
    run = ae_core.load("variational")
    x_hat = run.reconstruct(x)        # (n, h, w) in [0, 1]

Only `train` imports TensorFlow.
"""

from ae_core import data, kinds
from ae_core.errors import ExplorerError
from ae_core.evaluation import evaluate
from ae_core.inference import LoadedRun, load
from ae_core.training import train

__all__ = ["ExplorerError", "LoadedRun", "data", "evaluate", "kinds", "load", "train"]
__version__ = "0.2.0"
