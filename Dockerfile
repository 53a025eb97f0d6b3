# Broadside in a container: the web processes by default, or `blog worker` or any other command.
# See compose.yaml for its requirements.

# Tags may change. For reproducible builds, pin the image by digest:
# docker build --build-arg BASE=python:3.13-slim@sha256:…
ARG BASE=python:3.13-slim

FROM $BASE AS build
# With OpenTelemetry: --build-arg LOCK=telemetry
ARG LOCK=run
WORKDIR /app
RUN python -m venv /venv
COPY requirements/$LOCK.lock requirements/
RUN /venv/bin/pip install --no-cache-dir --no-deps --require-hashes --only-binary :all: \
        --requirement requirements/$LOCK.lock
COPY . .
RUN /venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation --editable . \
    && python -m compileall -q .

FROM $BASE
RUN useradd --system --uid 10001 --home-dir /var/lib/broadside --create-home broadside \
    && chmod 700 /var/lib/broadside \
    && install --directory --owner=broadside --mode=700 /var/backups/broadside
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER 10001
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 \
    ENV=production HOST=0.0.0.0 PORT=5000 VAR_DIR=/var/lib/broadside
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "-c", \
    "import os, urllib.request as web; web.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz')"]
CMD ["blog", "serve"]
