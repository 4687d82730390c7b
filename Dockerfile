# The app, and, with another command, the scheduler or a worker of a Dask cluster: see compose.yaml.
FROM python:3.11 AS build
# openTSNE has no wheel for ARM: this stage has the compiler.
RUN python -m venv /venv
COPY requirements-cluster.txt ./
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r requirements-cluster.txt

FROM python:3.11-slim
RUN apt-get update && apt-get install --yes --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
# User 1000, which Hugging Face Spaces asks for; nothing but /data is theirs to write.
RUN useradd --uid 1000 --create-home explorer && install --directory --owner=explorer /data
COPY --from=build /venv /venv

WORKDIR /app
COPY . .
RUN /venv/bin/python -m compileall -q app.py ae_core pages

# Workers of a cluster import ae_core from /app.
ENV PATH=/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    LATENT_EXPLORER_DATA=/data \
    LATENT_EXPLORER_PROFILE=demo \
    ORT_DISABLE_TELEMETRY=1 \
    STREAMLIT_SERVER_PORT=8501

USER 1000
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as u; base = os.environ.get('STREAMLIT_SERVER_BASE_URL_PATH', '').strip('/'); u.urlopen(f\"http://127.0.0.1:{os.environ['STREAMLIT_SERVER_PORT']}/{base and base + '/'}_stcore/health\", timeout=4)"]
CMD ["streamlit", "run", "app.py"]
