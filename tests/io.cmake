# Tests of src/io.
ilk_test(files LAYERS io)
ilk_test(csv LAYERS io)
ilk_test(embedding_cache LAYERS io)
ilk_test(download LAYERS io)
