"""features: pictures -> the encoder's frozen patch maps V(I), once per image, half precision.

In:  data/raw/images, data/dataset, data/clip/model (CLIP) or data/clip/labels (table 4's encoder)
Out: data/features/<encoder>/maps.npy (rows, height, width, channels), maps.sha256, images.parquet (image_id, row)
"""


rule features:
    input:
        RAW,
        DATASET,
        encoder=lambda wildcards: LABELS if wildcards.encoder == "labels" else CLIP,
        code=code("core", "features"),
    output:
        stage("features/{encoder}", "maps.npy", "maps.sha256", "images.parquet"),
    params:
        features=config["features"],
        folder=folder_of("encoder"),
    log:
        "logs/features/{encoder}.log",
    benchmark:
        "logs/benchmarks/features/{encoder}.tsv"
    resources:
        **needs(gb=16, hours=4, gpu=1),
    priority: 15
    shell:
        "python -m relclip.features --params params.yaml --raw data/raw --dataset data/dataset"
        " --model {params.folder} --output data/features/{wildcards.encoder} --threads {threads} 2>&1 | tee {log}"
