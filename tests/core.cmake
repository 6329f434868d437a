# Tests of src/core.
ilk_test(parallel LAYERS core)
ilk_test(random LAYERS core)
ilk_test(options LAYERS core)
ilk_test(nearest_name LAYERS core)
ilk_test(duration LAYERS core)
ilk_test(matching LAYERS core)
ilk_test(memory_size LAYERS core)
ilk_test(int16_product LAYERS core)
