"""clip: the encoder, pre-trained on scenes or loaded by open_clip; each distinct prompt encoded once.

In:  data/raw (pretrain/, captions.tsv), data/dataset, data/kb
Out: data/clip/model (open_clip's folder form), data/clip/labels (the same), data/clip/prompts/{objects,triplets}.npy, triplets.parquet
"""


rule clip:
    input:
        CLIP,
        PROMPTS,
        [LABELS if PARAMS.labels.make else []],


rule clip_model:
    input:
        # what comes from elsewhere needs nothing of raw, so it is made first: one that is no encoder is refused at once
        ["data/raw/captions.tsv", "data/raw/pretrain"] if PARAMS.clip.source == "pretrain" else [],
        [path for path in (PARAMS.clip.model, PARAMS.clip.weights) if path and Path(path).is_file()],
        code=code("relclip.clip"),
    output:
        CLIP,
        stage("clip/model", "statistics.json"),
    params:
        # beside its own section what its tokenizer must know
        sections=sections("clip", "dataset.objects", "dataset.predicates", "ext.prompt"),
    log:
        "logs/clip.log",
    benchmark:
        "logs/benchmarks/clip.tsv"
    # all trainings wait for it: first. One core, as all long jobs: two side by side do more than one on both
    priority: 20
    resources:
        **needs(gb=8, hours=4, gpu=1),
    shell:
        "{FORKED_CLIP} relclip.clip --threads {threads} 2>&1 | tee {log}"


rule clip_prompts:
    input:
        CLIP,
        DATASET,
        KB_TRIPLETS,
        code=code("relclip.clip.prompts"),
    output:
        PROMPTS,
    params:
        sections=sections("clip", "raw"),
    log:
        "logs/prompts.log",
    benchmark:
        "logs/benchmarks/prompts.tsv"
    priority: 15
    resources:
        **needs(gb=8, hours=2, gpu=1),
    shell:
        "{FORKED_CLIP} relclip.clip.prompts --threads {threads} 2>&1 | tee {log}"


rule clip_labels:
    input:
        ["data/raw/captions.tsv", "data/raw/pretrain"] if PARAMS.labels.source == "pretrain" else [],  # as above
        [PARAMS.labels.weights] if PARAMS.labels.weights and Path(PARAMS.labels.weights).is_file() else [],
        code=code("relclip.clip.labels"),
    output:
        LABELS,
        stage("clip/labels", "statistics.json"),
    params:
        sections=sections("labels", "clip.pretrain"),
    log:
        "logs/labels.log",
    benchmark:
        "logs/benchmarks/labels.tsv"
    # features, trainings and refinements wait for it, one after another
    priority: 10
    resources:
        **needs(gb=8, hours=4, gpu=1),
    shell:
        "{FORKED_CLIP} relclip.clip.labels --threads {threads} 2>&1 | tee {log}"
