# Tests of src/io.
ilk_test(files LAYERS io)
ilk_test(csv LAYERS io)
