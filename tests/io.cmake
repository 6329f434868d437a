# Tests of src/io.
ilk_test(files LAYERS io)
