"""predict: triplets of PredCls and SGCls for val and test, of SGDet for test; only rows that can reach the top.

In:  a trained run, or the knowledge base and CLIP's scores for the rows that need no training; SGDet: proposals
Out: data/predict/<run>/<task>/{objects,relations}.parquet, provenance.json
"""


rule predict:
    input:
        DATASET,
        PROMPTS,
        "data/kb/triplets.parquet",
        maps=lambda wildcards: features(model(wildcards.predicted)),
        model=lambda wildcards: stage(f"train/{model(wildcards.predicted)}", "model.safetensors", "config.json"),
        code=code("core", "predict"),
    output:
        stage("predict/{predicted}", *PREDICTED),
    params:
        predict=config["predict"],
        prediction=lambda wildcards: config.get("predictions", {}).get(wildcards.predicted),
        features=folder_of("maps"),
        model=folder_of("model"),
    log:
        "logs/predict/{predicted}.log",
    benchmark:
        "logs/benchmarks/predict/{predicted}.tsv"
    resources:
        **needs(gb=16, hours=2, gpu=1),
    shell:
        "python -m relclip.predict --params params.yaml --run {wildcards.predicted} --model {params.model}"
        " --dataset data/dataset --features {params.features} --prompts data/clip/prompts --kb data/kb"
        " --output data/predict/{wildcards.predicted} --threads {threads} 2>&1 | tee {log}"


rule predict_sgdet:
    input:
        DATASET,
        PROMPTS,
        PROPOSALS,
        "data/kb/triplets.parquet",
        maps=lambda wildcards: features(model(wildcards.predicted)),
        model=lambda wildcards: stage(f"train/{model(wildcards.predicted)}", "model.safetensors", "config.json"),
        code=code("core", "predict"),
    output:
        stage("predict/{predicted}/sgdet", *PARTS, "provenance.json"),
    params:
        predict=config["predict"],
        detector=config["detector"],
        prediction=lambda wildcards: config.get("predictions", {}).get(wildcards.predicted),
        features=folder_of("maps"),
        model=folder_of("model"),
    log:
        "logs/predict_sgdet/{predicted}.log",
    benchmark:
        "logs/benchmarks/predict_sgdet/{predicted}.tsv"
    resources:
        **needs(gb=16, hours=4, gpu=1),
    shell:
        "python -m relclip.predict.sgdet --params params.yaml --run {wildcards.predicted} --model {params.model}"
        " --dataset data/dataset --features {params.features} --prompts data/clip/prompts --kb data/kb"
        " --proposals data/detector/proposals.parquet --output data/predict/{wildcards.predicted}/sgdet --threads {threads} 2>&1 | tee {log}"


rule predict_training_free:
    input:
        DATASET,
        EXT,
        "data/kb/triplets.parquet",
        code=code("core", "predict"),
    output:
        stage("predict/{method}", *PREDICTED),
    params:
        predict=config["predict"],
    log:
        "logs/predict/{method}.log",
    benchmark:
        "logs/benchmarks/predict/{method}.tsv"
    resources:
        **needs(gb=8, hours=1),
    shell:
        "python -m relclip.predict.training_free --params params.yaml --method {wildcards.method}"
        " --dataset data/dataset --kb data/kb --ext data/ext --output data/predict/{wildcards.method} 2>&1 | tee {log}"


rule predict_training_free_sgdet:
    input:
        DATASET,
        EXT_SGDET,
        PROPOSALS,
        "data/kb/triplets.parquet",
        code=code("core", "predict"),
    output:
        stage("predict/{method}/sgdet", *PARTS, "provenance.json"),
    params:
        predict=config["predict"],
        detector=config["detector"],
    log:
        "logs/predict_sgdet/{method}.log",
    benchmark:
        "logs/benchmarks/predict_sgdet/{method}.tsv"
    resources:
        **needs(gb=8, hours=2),
    shell:
        "python -m relclip.predict.training_free_sgdet --params params.yaml --method {wildcards.method}"
        " --dataset data/dataset --kb data/kb --ext data/ext_sgdet --proposals data/detector/proposals.parquet"
        " --output data/predict/{wildcards.method}/sgdet 2>&1 | tee {log}"
