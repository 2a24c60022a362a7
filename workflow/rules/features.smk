"""features: pictures -> the encoder's frozen patch maps V(I), once per image, half precision.

In:  data/raw/images, data/dataset, data/clip/model
Out: data/features/maps.npy (rows, height, width, channels), images.parquet (image_id, row)
"""


rule features:
    input:
        RAW,
        DATASET,
        CLIP,
        code=code("core", "features"),
    output:
        stage("features", "maps.npy", "images.parquet"),
    params:
        features=config["features"],
    log:
        "logs/features.log",
    benchmark:
        "logs/benchmarks/features.tsv"
    threads: 2
    resources:
        gpu=1,
    shell:
        "python -m relclip.features --params params.yaml --raw data/raw --dataset data/dataset"
        " --model data/clip/model --output data/features --threads {threads} 2>&1 | tee {log}"
