"""Traces and metrics by OpenTelemetry, if `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector.

Other code uses `spans`, which needs no OpenTelemetry package, and does nothing unless collecting
has started. `collecting` starts and stops it, once per process.
"""
