# Tests of src/cluster.
