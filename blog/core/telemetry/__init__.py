"""Traces and metrics by OpenTelemetry, if a collector is set (`OTEL_EXPORTER_OTLP_ENDPOINT`).

Everything else uses `spans`, which needs no package of OpenTelemetry and does nothing while nothing
is collected. `collecting` starts and stops it, once per process.
"""
