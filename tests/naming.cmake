# Tests of src/naming.
ilk_test(naming LAYERS naming)
