# Tests of src/methods.
ilk_test(selection LAYERS methods)
ilk_test(fusion LAYERS methods)
ilk_test(cae LAYERS methods)
ilk_test(tac LAYERS methods)
ilk_test(losses LAYERS methods)
ilk_test(heads LAYERS methods)
ilk_test(training LAYERS methods metrics)
ilk_test(cluster_count LAYERS methods)
