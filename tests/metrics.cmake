# Tests of src/metrics.
