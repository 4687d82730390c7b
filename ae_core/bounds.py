"""How large a training can be at the most, wherever it runs; `settings` may allow less."""

MAX_EPOCHS = 500
MAX_LATENT_DIM = 1024
MAX_FILE = 64 << 20  # bytes of a file of weights
MAX_HEADER = 256 << 10  # bytes of it that are not weights
MAX_PARAMETERS = (MAX_FILE - MAX_HEADER) // 4
