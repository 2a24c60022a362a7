"""evaluate: predictions against the annotation of test and val and the full truth -> metrics and first-hit ranks; claims.

In:  data/predict/<run>, data/dataset
Out: data/evaluate/<run>/<task>/{annotation,val,truth}.json, *_hits.parquet, confusion, asked, precision; data/claims/claims.json
"""


rule evaluate:
    input:
        DATASET,
        TRUTH,
        stage("predict/{judged}", *PREDICTED),
        code=code("core", "evaluate"),
    output:
        stage("evaluate/{judged}", *METRICS),
    params:
        evaluate=config["evaluate"],
        truth=config["dataset"].get("truth", False),
    log:
        "logs/evaluate/{judged}.log",
    benchmark:
        "logs/benchmarks/evaluate/{judged}.tsv"
    resources:
        **needs(gb=8, hours=1),
    shell:
        "python -m relclip.evaluate.run --params params.yaml --run {wildcards.judged} --tasks predcls sgcls"
        " --dataset data/dataset --predictions data/predict/{wildcards.judged}"
        " --output data/evaluate/{wildcards.judged} 2>&1 | tee {log}"


rule evaluate_sgdet:
    input:
        DATASET,
        TRUTH,
        stage("predict/{judged}/sgdet", *PARTS, "provenance.json"),
        code=code("core", "evaluate"),
    output:
        stage("evaluate/{judged}", *METRICS_SGDET),
    params:
        evaluate=config["evaluate"],
        truth=config["dataset"].get("truth", False),
    log:
        "logs/evaluate_sgdet/{judged}.log",
    benchmark:
        "logs/benchmarks/evaluate_sgdet/{judged}.tsv"
    resources:
        **needs(gb=8, hours=2),
    shell:
        "python -m relclip.evaluate.run --params params.yaml --run {wildcards.judged} --tasks sgdet"
        " --dataset data/dataset --predictions data/predict/{wildcards.judged}"
        " --output data/evaluate/{wildcards.judged} 2>&1 | tee {log}"


rule claims:
    input:
        ALL_METRICS,
        vocabulary="data/dataset/vocabulary.json",
        code=code("core", "evaluate"),
    output:
        "data/claims/claims.json",
    params:
        evaluate=config["evaluate"],
        claims=config["tables"]["claims"],
    log:
        "logs/claims.log",
    benchmark:
        "logs/benchmarks/claims.tsv"
    resources:
        **needs(gb=8, hours=1),
    shell:
        "python -m relclip.evaluate.claims --params params.yaml --evaluate data/evaluate"
        " --vocabulary {input.vocabulary} --output {output} 2>&1 | tee {log}"
