# Tests of src/text.
ilk_test(wordnet LAYERS text)
ilk_test(corpus LAYERS text)
