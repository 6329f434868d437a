# Tests of src/methods.
ilk_test(selection LAYERS methods)
ilk_test(fusion LAYERS methods)
ilk_test(cae LAYERS methods)
ilk_test(cluster_count LAYERS methods)
