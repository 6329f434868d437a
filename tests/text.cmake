# Tests of src/text.
ilk_test(wordnet LAYERS text)
ilk_test(corpus LAYERS text)
ilk_test(image_captions LAYERS text)
ilk_test(labels LAYERS text)
ilk_test(caption_images LAYERS captioning text LINK nlohmann_json::nlohmann_json)
ilk_test(caption_failures LAYERS captioning LINK nlohmann_json::nlohmann_json)
ilk_test(vision_chat LAYERS captioning LINK nlohmann_json::nlohmann_json)
ilk_test(criterion LAYERS text)
