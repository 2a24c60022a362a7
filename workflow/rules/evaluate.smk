"""evaluate: predictions against the annotation of test and val and the full truth -> metrics and first-hit ranks; claims.

In:  data/predict/<run>, data/dataset
Out: data/evaluate/<run>/<task>/{annotation,val,truth}.json, *_hits.parquet, confusion, asked, precision; data/claims/claims.json
"""


rule evaluate:
    input:
        ALL_METRICS,
        "data/claims/claims.json",


rule evaluate_run:
    input:
        DATASET,
        TRUTH,
        stage("predict/{judged}", *PREDICTED),
        code=code("relclip.evaluate.run"),
    output:
        stage("evaluate/{judged}", *METRICS),
    params:
        sections=sections("evaluate", "dataset.truth"),
    log:
        "logs/evaluate/{judged}.log",
    benchmark:
        "logs/benchmarks/evaluate/{judged}.tsv"
    resources:
        **needs(gb=8, hours=1),
    shell:
        "{FORKED} relclip.evaluate.run --run {wildcards.judged} --tasks predcls sgcls 2>&1 | tee {log}"


rule evaluate_sgdet:
    input:
        DATASET,
        TRUTH,
        stage("predict/{sgdet_judged}/sgdet", *PARTS, "provenance.json"),
        code=code("relclip.evaluate.run"),
    output:
        stage("evaluate/{sgdet_judged}", *METRICS_SGDET),
    params:
        sections=sections("evaluate", "dataset.truth"),
    log:
        "logs/evaluate_sgdet/{sgdet_judged}.log",
    benchmark:
        "logs/benchmarks/evaluate_sgdet/{sgdet_judged}.tsv"
    resources:
        **needs(gb=8, hours=2),
    shell:
        "{FORKED} relclip.evaluate.run --run {wildcards.sgdet_judged} --tasks sgdet 2>&1 | tee {log}"


rule claims:
    input:
        ALL_METRICS,
        vocabulary="data/dataset/vocabulary.json",
        code=code("relclip.evaluate.claims"),
    output:
        stage("claims", "claims.json", DIGESTS),
    params:
        sections=sections("evaluate", "report.claims"),
    log:
        "logs/claims.log",
    benchmark:
        "logs/benchmarks/claims.tsv"
    resources:
        **needs(gb=8, hours=1),
    shell:
        "python -m relclip.evaluate.claims 2>&1 | tee {log}"
