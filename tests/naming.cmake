# Tests of src/naming.
