"""evaluate: predictions -> metrics and first-hit ranks, on the annotation and on the full truth; then the claims.

In:  data/predict/<run>, data/dataset
Out: data/evaluate/<run>/[truth/|val/]<task>.json, <task>_hits.parquet; data/evaluate/claims.json
"""


rule evaluate:
    input:
        DATASET,
        TRUTH,
        stage("predict/{any_run}", *PREDICTIONS),
        code=code("core", "evaluate"),
    output:
        stage("evaluate/{any_run}", *METRICS),
    params:
        evaluate=config["evaluate"],
        truth=config["dataset"].get("truth", False),
    log:
        "logs/evaluate/{any_run}.log",
    benchmark:
        "logs/benchmarks/evaluate/{any_run}.tsv"
    shell:
        "python -m relclip.evaluate.run --params params.yaml --run {wildcards.any_run} --dataset data/dataset"
        " --predictions data/predict/{wildcards.any_run} --output data/evaluate/{wildcards.any_run} 2>&1 | tee {log}"


rule claims:
    input:
        [stage(f"evaluate/{run}", *METRICS) for run in RUNS + TRAINING_FREE],
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
    shell:
        "python -m relclip.evaluate.claims --params params.yaml --evaluate data/evaluate"
        " --vocabulary {input.vocabulary} --output {output} 2>&1 | tee {log}"
