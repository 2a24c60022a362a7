"""features: pictures -> the encoder's frozen patch maps V(I), once per image, half precision.

In:  data/raw/images, data/dataset, data/clip/model (CLIP) or data/clip/labels (table 4's encoder)
Out: data/features/<encoder>/maps.npy (rows, height, width, channels), maps.sha256, images.parquet (image_id, row)
"""


rule features:
    input:
        [stage(f"features/{encoder}", "maps.npy") for encoder in ["clip", *PARAMS.labels.make]],


rule features_shard:
    input:
        RAW,
        DATASET,
        encoder=lambda wildcards: LABELS if wildcards.encoder == "labels" else CLIP,
        code=code("relclip.features"),
    output:
        temp(stage("shards/features/{encoder}/{shard}", "maps.npy", "maps.sha256", "images.parquet", SHARD)),
    params:
        sections=sections("features"),
        folder=folder_of("encoder"),
        shard=shard_of,
    log:
        "logs/shards/features/{encoder}/{shard}.log",
    benchmark:
        "logs/benchmarks/shards/features/{encoder}/{shard}.tsv"
    threads: THREADS
    resources:
        **needs(gb=16, hours=4, gpu=1),
    priority: 15
    shell:
        "{FORKED_CLIP} relclip.features --model {params.folder} --shard {params.shard} --output data/shards/features/{wildcards.encoder}/{wildcards.shard}"
        " --threads {threads} 2>&1 | tee {log}"


rule features_maps:
    input:
        RAW,
        DATASET,
        encoder=lambda wildcards: LABELS if wildcards.encoder == "labels" else CLIP,
        code=code("relclip.features", "relclip.features.merge"),
        shards=[stage(shard, "maps.npy", "images.parquet", SHARD) for shard in FEATURES_SHARDS],
    output:
        stage("features/{encoder}", "maps.npy", "maps.sha256", "images.parquet"),
    params:
        sections=sections("features"),
        folder=folder_of("encoder"),
    log:
        "logs/features/{encoder}.log",
    benchmark:
        "logs/benchmarks/features/{encoder}.tsv"
    threads: THREADS
    resources:
        **needs(gb=16, hours=4, gpu=0 if FEATURES_SHARDS else 1),
    priority: 15
    shell:
        logged(
            "{FORKED_CLIP} relclip.features --model {params.folder} --output data/features/{wildcards.encoder} --threads {threads}",
            merged=f"python -m relclip.features.merge --shards {folders(FEATURES_SHARDS)}".replace("{encoder}", "{wildcards.encoder}")
            + " --output data/features/{wildcards.encoder}",
            shards=FEATURES_SHARDS,
        )
