# Tests of src/naming.
ilk_test(concepts LAYERS naming)
ilk_test(naming LAYERS naming)
ilk_test(name_correctness LAYERS naming)
