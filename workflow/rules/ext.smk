"""ext: CLIP's scores of candidate predicates on union crops, and its zero-shot classes on object crops.

In:  data/raw/images, data/dataset, data/kb, data/clip/model
Out: data/ext/{scores,objects,sgcls_scores}.parquet, statistics.json; data/ext_sgdet/scores.parquet on the detector's boxes
"""


rule ext:
    input:
        RAW,
        DATASET,
        CLIP,
        "data/kb/triplets.parquet",
        code=code("core", "ext"),
    output:
        EXT,
        stage("ext", "statistics.json"),
    params:
        ext=config["ext"],
        clip=config["clip"],
    log:
        "logs/ext.log",
    benchmark:
        "logs/benchmarks/ext.tsv"
    resources:
        **needs(gb=16, hours=12, gpu=1),
    priority: 15
    shell:
        "python -m relclip.ext --params params.yaml --raw data/raw --dataset data/dataset --kb data/kb"
        " --model data/clip/model --output data/ext --threads {threads} 2>&1 | tee {log}"


rule ext_sgdet:
    input:
        RAW,
        DATASET,
        CLIP,
        PROPOSALS,
        code=code("core", "ext"),
    output:
        EXT_SGDET,
    params:
        ext=config["ext"],
        clip=config["clip"],
    log:
        "logs/ext_sgdet.log",
    benchmark:
        "logs/benchmarks/ext_sgdet.tsv"
    resources:
        **needs(gb=16, hours=12, gpu=1),
    shell:
        "python -m relclip.ext.detected --params params.yaml --raw data/raw --dataset data/dataset"
        " --proposals {PROPOSALS} --model data/clip/model --output data/ext_sgdet --threads {threads} 2>&1 | tee {log}"
