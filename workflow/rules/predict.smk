"""predict: triplets of PredCls and SGCls for val and test, of SGDet for test; only rows that can reach the top.

In:  a trained run, or the knowledge base and CLIP's scores for the rows that need no training; SGDet: proposals
Out: data/predict/<run>/<task>/{objects,relations}.parquet, provenance.json
"""


rule predict:
    input:
        [stage(f"predict/{name}", *PREDICTED) for name in JUDGED],
        [stage(f"predict/{name}/sgdet", *PARTS, "provenance.json") for name in SGDET + SGDET_FREE],


rule predict_run:
    input:
        DATASET,
        PROMPTS,
        CLIP,
        KB_TRIPLETS,
        maps=lambda wildcards: features(model(wildcards.predicted)),
        model=lambda wildcards: stage(f"train/{model(wildcards.predicted)}", "model.safetensors", "config.json"),
        code=code("relclip.predict"),
    output:
        stage("predict/{predicted}", *PREDICTED),
    params:
        sections=sections("predict", "predictions.{predicted}", "clip.object_prompt", "clip.triplet_prompt"),
    log:
        "logs/predict/{predicted}.log",
    benchmark:
        "logs/benchmarks/predict/{predicted}.tsv"
    resources:
        **needs(gb=16, hours=2, gpu=1),
    shell:
        "{FORKED_TORCH} relclip.predict --run {wildcards.predicted} --threads {threads} 2>&1 | tee {log}"


rule predict_sgdet:
    input:
        DATASET,
        PROMPTS,
        CLIP,
        PROPOSALS,
        KB_TRIPLETS,
        maps=lambda wildcards: features(model(wildcards.sgdet)),
        model=lambda wildcards: stage(f"train/{model(wildcards.sgdet)}", "model.safetensors", "config.json"),
        code=code("relclip.predict.sgdet"),
    output:
        stage("predict/{sgdet}/sgdet", *PARTS, "provenance.json"),
    params:
        sections=sections("predict", "detector", "clip.object_prompt", "clip.triplet_prompt"),
    log:
        "logs/predict_sgdet/{sgdet}.log",
    benchmark:
        "logs/benchmarks/predict_sgdet/{sgdet}.tsv"
    resources:
        **needs(gb=16, hours=4, gpu=1),
    shell:
        "{FORKED_TORCH} relclip.predict.sgdet --run {wildcards.sgdet} --threads {threads} 2>&1 | tee {log}"


rule predict_training_free:
    input:
        DATASET,
        EXT,
        "data/kb/triplets.parquet",
        code=code("relclip.predict.training_free"),
    output:
        stage("predict/{method}", *PREDICTED),
    params:
        sections=sections("predict"),
    log:
        "logs/predict/{method}.log",
    benchmark:
        "logs/benchmarks/predict/{method}.tsv"
    resources:
        **needs(gb=8, hours=1),
    shell:
        "{FORKED} relclip.predict.training_free --method {wildcards.method} 2>&1 | tee {log}"


rule predict_training_free_sgdet:
    input:
        DATASET,
        EXT_SGDET,
        PROPOSALS,
        "data/kb/triplets.parquet",
        code=code("relclip.predict.training_free_sgdet"),
    output:
        stage("predict/{sgdet_method}/sgdet", *PARTS, "provenance.json"),
    params:
        sections=sections("predict", "detector"),
    log:
        "logs/predict_sgdet/{sgdet_method}.log",
    benchmark:
        "logs/benchmarks/predict_sgdet/{sgdet_method}.tsv"
    resources:
        **needs(gb=8, hours=2),
    shell:
        "{FORKED} relclip.predict.training_free_sgdet --method {wildcards.sgdet_method} 2>&1 | tee {log}"
