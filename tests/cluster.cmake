# Tests of src/cluster.
ilk_test(kmeans LAYERS cluster)
