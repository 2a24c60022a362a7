"""predict: triplets of two tasks (PredCls, SGCls) for val and test; only rows that can reach the top.

In:  a trained run, or the knowledge base and CLIP's scores for the rows that need no training
Out: data/predict/<run>/<task>/{objects,relations}.parquet, provenance.json
"""


rule predict:
    input:
        DATASET,
        stage("features", "maps.npy", "images.parquet"),
        PROMPTS,
        "data/kb/triplets.parquet",
        stage("train/{run}", "model.safetensors", "config.json"),
        code=code("core", "predict"),
    output:
        stage("predict/{run}", *PREDICTIONS),
    params:
        predict=config["predict"],
    log:
        "logs/predict/{run}.log",
    benchmark:
        "logs/benchmarks/predict/{run}.tsv"
    resources:
        gpu=1,
    shell:
        "python -m relclip.predict --params params.yaml --run {wildcards.run} --model data/train/{wildcards.run}"
        " --dataset data/dataset --features data/features --prompts data/clip/prompts --kb data/kb"
        " --output data/predict/{wildcards.run} --threads {threads} 2>&1 | tee {log}"


rule predict_training_free:
    input:
        DATASET,
        EXT,
        "data/kb/triplets.parquet",
        code=code("core", "predict"),
    output:
        stage("predict/{method}", *PREDICTIONS),
    params:
        predict=config["predict"],
    log:
        "logs/predict/{method}.log",
    benchmark:
        "logs/benchmarks/predict/{method}.tsv"
    shell:
        "python -m relclip.predict.training_free --params params.yaml --method {wildcards.method}"
        " --dataset data/dataset --kb data/kb --ext data/ext --output data/predict/{wildcards.method} 2>&1 | tee {log}"
