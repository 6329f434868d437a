# Tests of src/metrics.
ilk_test(metrics LAYERS metrics)
ilk_test(separation LAYERS metrics)
