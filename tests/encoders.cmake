# Tests of src/encoders.
ilk_test(models LAYERS encoders)
ilk_test(tokenizer LAYERS encoders)
ilk_test(clip LAYERS encoders)
ilk_test(text_features LAYERS encoders)
