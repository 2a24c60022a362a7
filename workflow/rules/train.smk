"""train: one RelCLIP a named entry of `runs`, under full or distant supervision.

In:  data/dataset, data/features, data/clip/prompts, data/words, data/kb, data/ext
Out: data/train/<run>/{model.safetensors,config.json,curves.csv,statistics.json}
"""


rule train:
    input:
        DATASET,
        PROMPTS,
        EXT,
        stage("features", "maps.npy", "images.parquet"),
        "data/words/phrases.safetensors",
        "data/kb/triplets.parquet",
        code=code("core", "train"),
    output:
        stage("train/{run}", "model.safetensors", "config.json", "curves.csv", "statistics.json"),
    params:
        train=config["train"],
        run=lambda wildcards: config["runs"][wildcards.run],
    log:
        "logs/train/{run}.log",
    benchmark:
        "logs/benchmarks/train/{run}.tsv"
    resources:
        gpu=1,
    shell:
        "python -m relclip.train --params params.yaml --run {wildcards.run} --dataset data/dataset"
        " --features data/features --prompts data/clip/prompts --words data/words --kb data/kb --ext data/ext"
        " --checkpoints checkpoints --output data/train/{wildcards.run} --threads {threads} 2>&1 | tee {log}"
