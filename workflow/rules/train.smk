"""train: one network a named entry of `runs`; entries of `refined` start where another run ended.

In:  data/dataset, data/features, data/clip/prompts, data/words, data/kb, data/ext; refined: data/train/<start>
Out: data/train/<run>/{model.safetensors,config.json,curves.csv,statistics.json}; refined: labels.parquet
"""


rule train:
    input:
        [stage(f"train/{name}", *TRAINING) for name in TRAINED],


rule train_run:
    input:
        lambda wildcards: training_files(wildcards.run),
        code=code("relclip.train"),
    output:
        stage("train/{run}", *TRAINING),
    params:
        sections=sections("train", "runs.{run}"),
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
        "{params.python} relclip.train --run {wildcards.run} --threads {threads} 2>&1 | tee {log}"


rule refine:
    input:
        lambda wildcards: training_files(wildcards.refined),
        code=code("relclip.train.refine"),
    output:
        stage("train/{refined}", *TRAINING, "labels.parquet"),
    params:
        sections=sections("train", "refined.{refined}", lambda wildcards: f"runs.{start_of(wildcards)}"),
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
        "{params.python} relclip.train.refine --run {wildcards.refined} --threads {threads} 2>&1 | tee {log}"
