# Tests of src/encoders.
ilk_test(models LAYERS encoders)
