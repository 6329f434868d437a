#!/usr/bin/env python3
"""Writes reference.json: what the model gives for some pictures and words, to check another implementation.

    make_reference.py --model OUT --out reference.json [--root DIR] PICTURE...        (PICTURE below DIR)

Everything is computed in fp32 with the weights as stored (fp16 and fp32)."""
import argparse, json, pathlib
import numpy as np, torch
from safetensors.torch import load_file
import make_model as m

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", type=pathlib.Path, required=True); p.add_argument("--packages", type=pathlib.Path, required=True); p.add_argument("--out", required=True)
    p.add_argument("--root", action="append", type=pathlib.Path, default=[]); p.add_argument("pictures", nargs="+")
    o = p.parse_args(); w = {k: v for path in sorted(o.model.glob("model-*.safetensors")) for k, v in load_file(path).items()}; tower = {k: v.float() for k, v in w.items()}
    head = lambda a: [round(float(x), 5) for x in a[:8]]
    text = m.Text(o.packages / "all_minilm_l6_v2" / "m"); text.w = {k[5:]: v for k, v in w.items() if k.startswith("text.")}
    out = dict(pictures=[], words=[])
    for name in o.pictures:
        path = next(r / name for r in o.root if (r / name).exists()); x = m.plain(path)
        with torch.no_grad(): f = m.pooled(torch.from_numpy(x)[None], tower).numpy()
        logits = f @ tower["classifier.weight"].numpy().T + tower["classifier.bias"].numpy(); joint, z = m.embed(f, w)
        c = m.conse(f, *[tower[k].numpy() for k in ("classifier.weight", "classifier.bias", "classes", "text_mean")])
        out["pictures"].append(dict(file=name, red_row_112_from_column_100=head(x[0, 112, 100:]), pooled=head(f[0]), best_classes=[int(i) for i in np.argsort(-logits[0])[:3]], best_logits=[round(float(a), 4) for a in np.sort(logits[0])[::-1][:3]],
                                    conse=head(c[0]), joint_visual=head(joint[0]), joint_text=head(joint[0, m.VISUAL:])))
    for word in ("dog", "musical instrument", "playing card"):
        e = text([word])[0]; out["words"].append(dict(text=word, ids=text.tokenizer.encode(word).ids, sentence=head(e), joint_text=head(m.unit(e - w["text_mean"].numpy()))))
    json.dump(out, open(o.out, "w"), indent=1)

if __name__ == "__main__": main()
