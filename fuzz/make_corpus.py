#!/usr/bin/env python3
"""Writes the seeds of fuzz/corpus/TARGET, from the tests' data and from what is made here. What fuzzers found lies beside
them in files named found-*, which stay."""
import json
import pathlib
import struct

here = pathlib.Path(__file__).parent
corpus, data = here / "corpus", here.parent / "tests" / "data"
CUT = b"\n--8<--\n"


def seed(target, name, *parts):
    folder = corpus / target
    folder.mkdir(parents=True, exist_ok=True)
    parts = [part.encode() if isinstance(part, str) else part for part in parts]
    (folder / name).write_bytes(CUT.join(parts))


def seed_json(target, name, *values):
    seed(target, name, *(value if isinstance(value, (bytes, str)) else json.dumps(value) for value in values))


def safetensors(header, payload):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + payload


def arrays():
    for path in sorted((data / "arrays").glob("*.npy")):
        seed("npy", path.stem, path.read_bytes())
        if "text" in path.stem or "labels" in path.stem:
            seed("text_array", path.stem, path.read_bytes())
    for path in sorted((data / "arrays").glob("*.npz")):
        seed("npz", path.stem, path.read_bytes())
    seed("safetensors", "reference", (data / "safetensors" / "reference.safetensors").read_bytes())
    two = {"a": {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]},
           "b": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [8, 10]}, "__metadata__": {"k": "v"}}
    seed("safetensors", "two", safetensors(two, bytes(10)))
    nouns = {"noun_features": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
             "__metadata__": {"program": "ilk", "nouns": "[\"cat\",\"dog\"]", "templates": "[\"a {}\"]", "model": "m"}}
    seed("vocabulary_file", "two", safetensors(nouns, struct.pack("<4f", 1, 0, 0, 1)))
    state = {"weights": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
             "__metadata__": {"epoch": "3", "fingerprint": "0123"}}
    seed("checkpoint", "epoch", safetensors(state, bytes(16)))


def archives_and_datasets():
    sets = data / "datasets"
    tar = (sets / "webdataset" / "shard-000000.tar").read_bytes()
    seed("tar", "shard", tar)
    seed("tar", "leads_out", (sets / "leads_out.tar").read_bytes()[:4096])
    seed("webdataset", "shard", tar)
    for name in ("batches.meta", "test_batch"):
        seed("pickle", name, (sets / "cifar10-python" / name).read_bytes())
    idx = sets / "idx"
    seed("idx", "train", (idx / "train-images-idx3-ubyte").read_bytes(), (idx / "train-labels-idx1-ubyte").read_bytes())
    cifar = sets / "cifar10-binary"
    seed("cifar", "batch", (cifar / "test_batch.bin").read_bytes(), (cifar / "batches.meta.txt").read_bytes())
    stl = sets / "stl10"
    seed("stl10", "train", (stl / "train_X.bin").read_bytes()[:27648], b"\x01", (stl / "class_names.txt").read_bytes())
    seed("csv_dataset", "plain", "path,label\na.png,cat\nb.png,dog\n")


def tables_and_texts():
    table = 'path,label\na.png,cat\n"b.png","a ""dog"""\nmore/a.png,\n'
    for name, text in {"comma": table, "semicolon": table.replace(",", ";"), "tab": table.replace(",", "\t"),
                       "crlf": "\ufeff" + table.replace("\n", "\r\n"), "list": "cat\ndog\n\ncat\n",
                       "three": "id,image_path,class\n1,a.png,cat\n2,b.png,dog\n"}.items():
        seed("csv", name, text)
        seed("labels", name, text)
        seed("text", name, text)
    seed("labels", "utf16", table.encode("utf-16"))
    seed("labels", "blanks", b"a.png big dog\nmore/a.png   cat\nx/y/c.jpg \tdog\n")
    seed("image_captions", "blanks", b"a.png a red dog, running\nx/y/c.jpg  a cat\n")
    for path in ("labels_u2.npy", "labels_text.npy"):
        seed("labels", path, (data / "arrays" / path).read_bytes())
    seed("text", "utf16", "Wälder\n鳥\n".encode("utf-16"))
    seed("text", "utf32", "ab".encode("utf-32"))
    seed("text", "without_mark", "ab\ncd\n".encode("utf-16-le"))
    seed("text", "returns", "a\rb\rc")
    seed("nouns", "notes", "# nouns\ncat\ta small animal\ndog\n  fire   engine \ncat\n")
    seed("prompt_templates", "two", "a photo of a {}\n# no\na drawing of a {}.\n")
    seed_json("captions", "coco", {"annotations": [{"caption": "A cat."}, {"caption": "Two dogs."}]})
    seed("captions", "flickr_token", "1.jpg#0\tA cat sits.\n1.jpg#1\tA dog.\n")
    seed("captions", "flickr_csv", "image_name| comment_number| comment\n1.jpg| 0| A cat .\n1.jpg| 1\n")
    seed("captions", "lines", "A cat sits.\nTwo dogs run.\n")
    seed("image_captions", "lines", '{"path":"a.png","caption":"A cat."}\n{"file_name":"c.jpg","captions":["x","y"]}\n')
    seed("image_captions", "table", 'file_name,caption\na.png,"A cat, asleep"\nc.jpg,x\n')
    seed("input_list", "lines", "a.png\nfolder/b.png\n")
    seed("input_list", "zeros", b"a.png\0b\nc.png\0")
    seed("glob", "pattern", "[!a-c]*?x", "dog.x")
    seed("braces", "numbers", "s-{000..012}.tar")
    seed("braces", "names", "{a,b{c,d}}/x")


def texts_of_models():
    wordnet = data / "wordnet" / "tiny"
    seed("wordnet", "tiny", (wordnet / "data.noun").read_bytes(), (wordnet / "index.noun").read_bytes())
    letters = [chr(c) for c in range(33, 127)]
    vocabulary = {}
    for token in letters + [c + "</w>" for c in letters] + ["ca", "cat</w>", "<|startoftext|>", "<|endoftext|>"]:
        vocabulary[token] = len(vocabulary)
    merges = ["c a", "ca t</w>"]
    seed_json("clip_merges", "small", vocabulary, "#version: 0.2\n" + "\n".join(merges) + "\n")
    added = [{"id": vocabulary[t], "content": t, "special": True, "single_word": False, "lstrip": False, "rstrip": False,
              "normalized": True} for t in ("<|startoftext|>", "<|endoftext|>")]
    model = {"type": "BPE", "dropout": None, "unk_token": "<|endoftext|>", "continuing_subword_prefix": "",
             "end_of_word_suffix": "</w>", "fuse_unk": False, "vocab": vocabulary, "merges": merges}
    seed_json("clip_tokenizer", "small", {"version": "1.0", "added_tokens": added, "model": model})
    pairs = dict(model, merges=[["c", "a"], ["ca", "t</w>"]])
    seed_json("clip_tokenizer", "pairs", {"version": "1.0", "added_tokens": added, "model": pairs})
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "photo", "of", "two", "cat", "##s", ",", "3"]
    seed("wordpiece_list", "small", "\n".join(words) + "\n")
    pieces = {word: i for i, word in enumerate(words)}
    bert = {"version": "1.0",
            "added_tokens": [{"id": i, "content": words[i], "special": True, "normalized": False} for i in range(5)],
            "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                           "strip_accents": None, "lowercase": True},
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": {"type": "TemplateProcessing"},
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                      "max_input_chars_per_word": 100, "vocab": pieces}}
    seed_json("wordpiece", "small", bert, {"do_lower_case": True})
    root = here.parent
    for path in ("tests/data/tiny_clip/config.json", "models/ilk-lite/config.json",
                 "tests/data/tiny_clip/preprocessor_config.json"):
        seed_json("model_config", "-".join(path.split("/")[-2:]), json.loads((root / path).read_text()))
    modules = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
               {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
               {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]
    seed_json("sentence_config", "mean", modules, {"word_embedding_dimension": 384, "pooling_mode_mean_tokens": True},
              {"max_seq_length": 256, "do_lower_case": False})
    seed_json("model_record", "one", {"repository": "a/b", "revision": "main", "taken_from": "main", "files": [
        {"name": "config.json", "size": 3, "sha256": "0" * 64}]})


def pictures():
    for name in ("tiff.tif", "tiff_cmyk.tif", "tiff_alpha.tif", "png_one_pixel.png", "jpeg_cmyk.jpg", "webp_alpha.webp",
                 "avif.avif", "gif_transparent.gif"):
        seed("image_head", name, (data / "images" / "files" / name).read_bytes()[:4096])
    big = struct.pack("<2sHHHQQ", b"II", 43, 8, 0, 16, 2) + struct.pack("<HHQQHHQQQ", 262, 3, 1, 2, 338, 3, 1, 0, 0)
    seed("image_head", "big_tiff", big)
    seed("image_head", "lfs", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n")

    def bitmap(bits, compression, pixels, palette=b"", header=40):
        begin = 14 + header + len(palette)
        head = struct.pack("<IiiHHIIiiII", header, 4, 2, 1, bits, compression, len(pixels), 0, 0, len(palette) // 4, 0)
        return b"BM" + struct.pack("<IHHI", begin + len(pixels), 0, 0, begin) + head + palette + pixels

    seed("bitmap", "24", bitmap(24, 0, bytes(range(24))))
    seed("bitmap", "8", bitmap(8, 0, bytes(range(8)), bytes(range(64))))
    seed("bitmap", "1", bitmap(1, 0, bytes(8), bytes(8)))
    seed("bitmap", "runs8", bitmap(8, 1, b"\x04\x01\x00\x00\x00\x03abc\0\x01\x02\x00\x01", bytes(64)))
    seed("bitmap", "runs4", bitmap(4, 2, b"\x04\x12\x00\x02\x01\x00\x00\x04\x12\x34\x00\x01", bytes(64)))
    seed("bitmap", "fields", bitmap(16, 3, struct.pack("<III", 0xF800, 0x7E0, 0x1F) + bytes(16)))
    seed("pixmap", "p3", "P3 # a\n2 2 255\n1 2 3 4 5 6 7 8 9 10 11 12\n")
    seed("pixmap", "p1", "P1\n3 2\n1 0 1\n010\n")
    seed("pixmap", "p6", b"P6\n2 1\n255\n" + bytes(6))
    seed("pixmap", "p5_16", b"P5 2 1 65535\n" + bytes(4))
    seed("pixmap", "p7", b"P7\nWIDTH 1\nHEIGHT 2\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n" + bytes(8))


def servers():
    seed("http_head", "part", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 206 Partial\r\nContent-Range: bytes 10-19/20\r\n"
         "Content-Length: 10\r\nETag: \"x\"\r\n\r\n")
    seed_json("refusal", "openai", {"error": {"message": "no credit sk-secret", "type": "x"}})
    seed_json("refusal", "detail", {"detail": [{"msg": "too long"}]})
    seed("refusal", "page", "<!DOCTYPE html><html><title>502</title></html>")
    choice = {"index": 0, "message": {"role": "assistant", "content": "<think>hm</think>A cat."}, "finish_reason": "stop"}
    seed_json("vision_answer", "plain", {"id": "1", "choices": [choice]})
    seed_json("vision_answer", "parts", {"choices": [{"message": {"content": [{"type": "text", "text": "A"}]},
                                                      "finish_reason": "length"}]})
    piece = {"choices": [{"delta": {"content": "A "}, "finish_reason": None}]}
    seed("vision_answer", "stream", "data: %s\n\ndata: %s\n\ndata: [DONE]\n\n" % ((json.dumps(piece),) * 2))


def runs():
    rows = "path,cluster,name,score,second_cluster,margin,top_nouns\n" + "".join(
        "%s.png,%d,%s,0.9,%d,0.1,x\n" % (name, i % 2, "cat" if i % 2 else "dog", 1 - i % 2)
        for i, name in enumerate("abcd"))
    clusters = [{"cluster": i, "name": name, "named": True, "score": 1, "runner_up": "", "runner_up_score": 0, "size": 2,
                 "density": 0.9, "nouns": [], "captions": [], "exemplars": [], "method_cluster": 1 - i}
                for i, name in enumerate(("dog", "cat"))]
    edits = [{"edit": "rename", "cluster": 0, "names": ["x"]}, {"edit": "lock", "cluster": 1, "images": ["b.png"]},
             {"edit": "unlock", "cluster": 1},
             {"edit": "split", "cluster": 0, "clusters": [0, 2], "names": ["x", "y"], "centroids": [[1, 0], [0, 1]]},
             {"edit": "move", "cluster": 3, "names": ["z"], "images": ["a.png"]},
             {"edit": "merge", "cluster": 0, "clusters": [2]}]
    manifest = {"program": "ilk", "status": "complete", "working_directory": "/", "options": {"n_clusters": 2}}
    lines = "\n".join(json.dumps(edit) for edit in edits) + "\n"
    seed_json("run_directory", "edited", manifest, rows, clusters, lines)
    seed_json("run_directory", "plain", manifest, rows, clusters, "")
    seed_json("run_directory", "running", dict(manifest, status="running"), rows, clusters, "")
    seed_json("bench_record", "one", {"number": 0, "method": "kmeans", "seconds": 1.5,
                                      "key": {"data": {"state": 1}, "options": {}, "seed": 0}})
    options = {"n_clusters": "5..9", "method": "cae", "seed": 3, "kmeans": {"n_init": 3}, "threads": None,
               "memory": "4GiB", "images": {"pixel_limit": 512}, "levels": "both", "device": "auto"}
    seed_json("run_options", "some", options)
    for name, text in {"gib": "6GiB", "half": "1.5 g", "bytes": "512"}.items():
        seed("memory_size", name, text)
    for name, text in {"number": "12", "range": "5..60", "auto": "auto"}.items():
        seed("cluster_numbers", name, text)


arrays()
archives_and_datasets()
tables_and_texts()
texts_of_models()
pictures()
servers()
runs()
