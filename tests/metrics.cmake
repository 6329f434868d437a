# Tests of src/metrics.
ilk_test(metrics LAYERS metrics)
