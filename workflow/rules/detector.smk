"""detector: Faster R-CNN on the objects of train; its boxes of val and test are the proposals of SGDet.

In:  data/raw/images, data/dataset
Out: data/detector/{model.safetensors,config.json,curves.csv,statistics.json,proposals.parquet}
"""


rule detector:
    input:
        RAW,
        DATASET,
        [PARAMS.detector.weights] if PARAMS.detector.weights else [],
        code=code("relclip.detector"),
    output:
        stage("detector", *MODEL),
        PROPOSALS,
    params:
        sections=sections("detector"),
    log:
        "logs/detector.log",
    benchmark:
        "logs/benchmarks/detector.tsv"
    threads: THREADS if GPU else 1
    resources:
        **needs(gb=16, hours=24, gpu=1),
    # the longest job of one core: early, so that the others run beside it
    priority: 16
    shell:
        "{FORKED_CLIP} relclip.detector --threads 1 --readers {threads} 2>&1 | tee {log}"
