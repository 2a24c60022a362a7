"""ext: CLIP's scores of candidate predicates on union crops, and its zero-shot classes on object crops.

In:  data/raw/images, data/dataset, data/kb, data/clip/model
Out: data/ext/{scores,objects,sgcls_scores}.parquet, statistics.json; data/ext_sgdet/scores.parquet on the detector's boxes
"""


rule ext:
    input:
        EXT,
        [EXT_SGDET if PARAMS.detector.make else []],


rule ext_objects:
    input:
        RAW,
        DATASET,
        CLIP,
        "data/kb/triplets.parquet",
        code=code("relclip.ext"),
    output:
        temp(stage("shards/ext_objects/{shard}", "objects.parquet", SHARD)),
    params:
        sections=sections("ext", "clip"),
        shard=shard_of,
    log:
        "logs/shards/ext_objects/{shard}.log",
    benchmark:
        "logs/benchmarks/shards/ext_objects/{shard}.tsv"
    threads: THREADS
    resources:
        **needs(gb=16, hours=12, gpu=1),
    priority: 15
    shell:
        "{FORKED_CLIP} relclip.ext --step objects --shard {params.shard} --output data/shards/ext_objects/{wildcards.shard}"
        " --threads {threads} 2>&1 | tee {log}"


rule ext_pairs:
    input:
        RAW,
        DATASET,
        CLIP,
        "data/kb/triplets.parquet",
        [stage(shard, "objects.parquet", SHARD) for shard in EXT_OBJECTS],
        code=code("relclip.ext"),
    output:
        temp(stage("shards/ext_pairs/{shard}", "scores.parquet", "sgcls_scores.parquet", SHARD)),
    params:
        sections=sections("ext", "clip"),
        shard=shard_of,
    log:
        "logs/shards/ext_pairs/{shard}.log",
    benchmark:
        "logs/benchmarks/shards/ext_pairs/{shard}.tsv"
    threads: THREADS
    resources:
        **needs(gb=16, hours=12, gpu=1),
    priority: 15
    shell:
        "{FORKED_CLIP} relclip.ext --step pairs --shard {params.shard} --objects"
        f" {folders(EXT_OBJECTS)}"
        " --output data/shards/ext_pairs/{wildcards.shard} --threads {threads} 2>&1 | tee {log}"


rule ext_annotated:
    input:
        RAW,
        DATASET,
        CLIP,
        "data/kb/triplets.parquet",
        code=code("relclip.ext", "relclip.ext.merge"),
        shards=[stage(shard, "objects.parquet", SHARD) for shard in EXT_OBJECTS]
        + [stage(shard, "scores.parquet", "sgcls_scores.parquet", SHARD) for shard in EXT_PAIRS],
    output:
        EXT,
        stage("ext", "statistics.json"),
    params:
        sections=sections("ext", "clip"),
    log:
        "logs/ext.log",
    benchmark:
        "logs/benchmarks/ext.tsv"
    threads: THREADS
    resources:
        **needs(gb=16, hours=12, gpu=0 if EXT_PAIRS else 1),
    priority: 15
    shell:
        logged(
            "{FORKED_CLIP} relclip.ext --threads {threads}",
            merged=f"python -m relclip.ext.merge --shards {folders(EXT_PAIRS)} --objects {folders(EXT_OBJECTS)}",
            shards=EXT_PAIRS,
        )


rule ext_sgdet_shard:
    input:
        RAW,
        DATASET,
        CLIP,
        PROPOSALS,
        code=code("relclip.ext.detected"),
    output:
        temp(stage("shards/ext_sgdet/{shard}", "scores.parquet", SHARD)),
    params:
        sections=sections("ext", "clip"),
        shard=shard_of,
    log:
        "logs/shards/ext_sgdet/{shard}.log",
    benchmark:
        "logs/benchmarks/shards/ext_sgdet/{shard}.tsv"
    threads: THREADS
    resources:
        **needs(gb=16, hours=12, gpu=1),
    priority: 15
    shell:
        "{FORKED_CLIP} relclip.ext.detected --shard {params.shard}"
        " --output data/shards/ext_sgdet/{wildcards.shard} --threads {threads} 2>&1 | tee {log}"


rule ext_sgdet:
    input:
        RAW,
        DATASET,
        CLIP,
        PROPOSALS,
        code=code("relclip.ext.detected", "relclip.ext.merge"),
        shards=[stage(shard, "scores.parquet", SHARD) for shard in EXT_SGDET_SHARDS],
    output:
        EXT_SGDET,
    params:
        sections=sections("ext", "clip"),
    log:
        "logs/ext_sgdet.log",
    benchmark:
        "logs/benchmarks/ext_sgdet.tsv"
    threads: THREADS
    resources:
        **needs(gb=16, hours=12, gpu=0 if EXT_SGDET_SHARDS else 1),
    # after the detector the longest job that others wait for
    priority: 15
    shell:
        logged(
            "{FORKED_CLIP} relclip.ext.detected --threads {threads}",
            merged=f"python -m relclip.ext.merge --shards {folders(EXT_SGDET_SHARDS)} --output data/ext_sgdet",
            shards=EXT_SGDET_SHARDS,
        )
