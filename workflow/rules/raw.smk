"""raw: nothing (scenes), or a folder in Visual Genome's formats -> Visual Genome's file formats and captions.

In:  params raw; the files of raw.folder and raw.captions where given
Out: data/raw/{image_data,objects,relationships}.json, images/, captions.tsv; scenes also truth/ and pretrain/
"""


rule raw:
    input:
        sources=RAW_SOURCES,
        code=code("core", "raw"),
    output:
        RAW,
        "data/raw/captions.tsv",
        directory("data/raw/images"),
        [directory("data/raw/truth"), directory("data/raw/pretrain")] if SCENES else [],
    params:
        raw=config["raw"],
    log:
        "logs/raw.log",
    benchmark:
        "logs/benchmarks/raw.tsv"
    threads: 2
    resources:
        **needs(gb=4, hours=12),
    shell:
        "python -m relclip.raw --params params.yaml --output data/raw 2>&1 | tee {log}"
