# Tests of src/kernels.
ilk_test(kernels LAYERS kernels)
ilk_test(activations LAYERS kernels)
ilk_test(matrix LAYERS kernels)
ilk_test(byte_rows LAYERS kernels)
