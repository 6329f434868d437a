# Tests of src/report.
ilk_test(report LAYERS report)
