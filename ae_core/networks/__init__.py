"""Encoders and decoders, described once: shapes, weights and the Keras models all follow from the layers' records.

``Network(family="pooling", latent_dim=32).describe(forms.image(28, 28), ("z",)).weights`` names what is learnt.
Only `ae_core.networks.building` imports Keras when it is imported.
"""

from ae_core.networks.families import Family, get, names
from ae_core.networks.network import Network

__all__ = ["Family", "Network", "get", "names"]
