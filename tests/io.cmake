# Tests of src/io.
ilk_test(files LAYERS io)
ilk_test(safetensors LAYERS io)
ilk_test(array_file LAYERS io)
ilk_test(csv LAYERS io)
ilk_test(embedding_cache LAYERS io)
ilk_test(download LAYERS io)
ilk_test(image LAYERS encoders)
ilk_test(image_colours LAYERS io)
ilk_test(image_list LAYERS io)
ilk_test(dataset LAYERS io)
ilk_test(dataset_store LAYERS io)

# What compare_with_pillow.py runs; no test by itself.
add_executable(preprocess_images preprocess_images.cpp)
ilk_compile_options(preprocess_images)
ilk_link_layers(preprocess_images encoders)
set_target_properties(preprocess_images PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
ilk_test(raw LAYERS io)
