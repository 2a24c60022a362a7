# The environment and this package, for `docker run` and as the image of profiles/kubernetes (docs/cluster.md).
#   docker build -t relclip .
#   docker run --rm -v relclip-data:/relclip/data -v relclip-reports:/relclip/reports relclip snakemake --cores all
FROM python:3.12-slim
# make: its commands but those of a clone (tests, lint); git: DVC; rsync: what Snakemake's storage brings and takes
RUN apt-get update && apt-get install -y --no-install-recommends make git rsync && rm -rf /var/lib/apt/lists/*
WORKDIR /relclip
COPY requirements.lock pyproject.toml ./
RUN python -m pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
# .venv/ready: make takes this environment, not one of its own
RUN python -m pip install --no-cache-dir --no-build-isolation --no-deps . && rm -rf build \
    && useradd --create-home --uid 1000 relclip && mkdir -p data .venv && touch .venv/ready && chown -R relclip .
# not root; a number, which Kubernetes can check. A folder of the host that is mounted must let user 1000 write
USER 1000
ENV DVC_NO_ANALYTICS=true MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true
CMD ["relclip", "--help"]
