"""The app's symbol in the browser's tab."""

from base64 import b64encode
from pathlib import Path

# As data: of a file, Streamlit would read and hash the content at each run. A symbol with a name would be fetched from
# the internet.
URI = f"data:image/png;base64,{b64encode((Path(__file__).parents[1] / 'icon.png').read_bytes()).decode()}"
