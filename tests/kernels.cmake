# Tests of src/kernels.
ilk_test(kernels LAYERS kernels)
ilk_test(activations LAYERS kernels)
ilk_test(matrix LAYERS kernels)
ilk_test(int16_product LAYERS kernels)
ilk_test(bounded_product LAYERS kernels)
ilk_test(depthwise LAYERS kernels)
ilk_test(quantised_rows LAYERS kernels)
ilk_test(byte_loops LAYERS kernels)
