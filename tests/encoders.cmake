# Tests of src/encoders.
