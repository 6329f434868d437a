# Tests of src/cluster.
ilk_test(screen LAYERS cluster)
ilk_test(kmeans LAYERS cluster)
ilk_test(transport LAYERS cluster)
ilk_test(neighbours LAYERS cluster)
ilk_test(principal_plane LAYERS cluster)
ilk_test(ward LAYERS cluster)
ilk_test(criterion_space LAYERS cluster)
