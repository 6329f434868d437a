# Tests of src/methods.
