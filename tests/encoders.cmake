# Tests of src/encoders.
ilk_test(models LAYERS model_store)
ilk_test(models_verify LAYERS model_store)
ilk_test(preprocessor LAYERS encoders)
ilk_test(clip_tokenizer LAYERS encoders)
ilk_test(towers LAYERS encoders)
ilk_test(clip LAYERS encoders)
ilk_test(clip_directory LAYERS encoders)
ilk_test(text_features LAYERS encoders)
ilk_test(wordpiece LAYERS encoders)
ilk_test(sentence_bert LAYERS encoders)
ilk_test(convolution_tower LAYERS encoders)
ilk_test(lite_model LAYERS encoders)

# What compare_with_transformers.py runs; no test by itself.
add_executable(embed_texts embed_texts.cpp)
ilk_compile_options(embed_texts)
ilk_link_layers(embed_texts encoders)
set_target_properties(embed_texts PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
