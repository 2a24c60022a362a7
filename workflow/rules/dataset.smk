"""dataset: Visual Genome's files -> the vocabulary's objects and relations, split, as Parquet.

In:  data/raw
Out: data/dataset/{vocabulary.json,images,objects,relations}.parquet, account.json; truth/ where all is known
"""


rule dataset:
    input:
        RAW,
        code=code("relclip.dataset"),
    output:
        DATASET,
        TRUTH,
        "data/dataset/account.json",
    params:
        sections=sections("dataset"),
    log:
        "logs/dataset.log",
    benchmark:
        "logs/benchmarks/dataset.tsv"
    threads: 2
    priority: 25
    resources:
        **needs(gb=8, hours=1),
    shell:
        "python -m relclip.dataset 2>&1 | tee {log}"
