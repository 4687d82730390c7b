"""Many visitors at once, on a real server over its real websocket; their answers are read, not only counted.

    python -m tests.load.browse crowd --sessions 50    # fifty browse the heaviest pages while one training runs
    python -m tests.load.browse crowd --sessions 200 --replicas 2   # two hundred, through Caddy, on two servers
    python -m tests.load.browse arrivals               # fifty in one second, each with an empty browser cache
    python -m tests.load.memory sessions               # the server's memory at 0, 50, 100 and 200 sessions
    python -m tests.load.memory visits                 # and over 1,000 visits one after another
    python -m tests.load.replicas                      # two behind Caddy, killed and restarted one by one
    python -m tests.load.tricks                        # servers without one of the settings of startup.py each
    python -m tests.load.sweep                         # twelve runs on two Dask workers, one of them killed

Each starts a server of its own with an empty data folder, writes what it found to results/, prints it, and fails if a
bound is broken.

client    Streamlit's protocol as its frontend speaks it: one visitor, from the cookie to the elements of a page
stay      a visitor on a page; pages: what is done on each, and what must come back
browse    many of them; riders: two real Chromium pages among them
memory    what they cost

Whom an answer belongs to can be seen in it: each visitor has forty test images and seeds that nobody else uses.
"""
