"""train: one network a named entry of `runs`; entries of `refined` start where another run ended.

In:  data/dataset, data/features, data/clip/prompts, data/words, data/kb, data/ext; refined: data/train/<start>
Out: data/train/<run>/{model.safetensors,config.json,curves.csv,statistics.json}; refined: labels.parquet
"""

TRAIN_ON = [*DATASET, *PROMPTS, "data/words/phrases.safetensors"]


rule train:
    input:
        [stage(f"train/{name}", *MODEL) for name in TRAINED],


rule train_run:
    input:
        TRAIN_ON,
        labels=lambda wildcards: labels_of(wildcards.run),
        maps=lambda wildcards: features(wildcards.run),
        code=code("relclip.train"),
    output:
        stage("train/{run}", *MODEL),
    params:
        sections=sections("train", "runs.{run}"),
        features=folder_of("maps"),
        python=python,
    log:
        "logs/train/{run}.log",
    benchmark:
        "logs/benchmarks/train/{run}.tsv"
    threads: processes
    resources:
        **needs(gb=16, hours=8, gpu=processes),
    priority: 5
    shell:
        "{params.python} relclip.train --params params.yaml --run {wildcards.run} --dataset data/dataset"
        " --features {params.features} --prompts data/clip/prompts --words data/words --kb data/kb --ext data/ext"
        " --checkpoints checkpoints --output data/train/{wildcards.run} --threads {threads} 2>&1 | tee {log}"


rule refine:
    input:
        TRAIN_ON,
        # where a label came from; BA-SGG of annotations has none
        stage("kb", "triplets.parquet", "evidence.parquet"),
        labels=lambda wildcards: labels_of(wildcards.refined),
        start=lambda wildcards: stage(f"train/{start_of(wildcards)}", "model.safetensors", "config.json"),
        maps=lambda wildcards: features(wildcards.refined),
        code=code("relclip.train.refine"),
    output:
        stage("train/{refined}", *MODEL, "labels.parquet"),
    params:
        sections=sections("train", "refined.{refined}", lambda wildcards: f"runs.{start_of(wildcards)}"),
        features=folder_of("maps"),
        start=folder_of("start"),
        python=python,
    log:
        "logs/train/{refined}.log",
    benchmark:
        "logs/benchmarks/train/{refined}.tsv"
    threads: processes
    resources:
        **needs(gb=16, hours=8, gpu=processes),
    priority: 5
    shell:
        "{params.python} relclip.train.refine --params params.yaml --run {wildcards.refined} --start {params.start}"
        " --dataset data/dataset --features {params.features} --prompts data/clip/prompts --words data/words"
        " --kb data/kb --ext data/ext --checkpoints checkpoints --output data/train/{wildcards.refined}"
        " --threads {threads} 2>&1 | tee {log}"
