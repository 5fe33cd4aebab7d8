//! Traffic policies without I/O: circuit breaker, limits, retries, classification, one call's life.
