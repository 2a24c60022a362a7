"""kb: captions -> triplets with the sentences they came from.

In:  data/raw/captions.tsv, the vocabulary
Out: data/kb/{triplets,evidence}.parquet, statistics.json
"""


rule kb:
    input:
        captions="data/raw/captions.tsv",
        vocabulary="data/dataset/vocabulary.json",
        code=code("core", "kb"),
    output:
        stage("kb", "triplets.parquet", "evidence.parquet", "statistics.json"),
    params:
        kb=config["kb"],
    log:
        "logs/kb.log",
    benchmark:
        "logs/benchmarks/kb.tsv"
    # seconds of both cores, and all labels wait for it: before what takes one core for minutes
    threads: 2
    priority: 25
    resources:
        **needs(gb=4, hours=4),
    shell:
        "python -m relclip.kb --params params.yaml --captions {input.captions}"
        " --vocabulary {input.vocabulary} --output data/kb 2>&1 | tee {log}"
