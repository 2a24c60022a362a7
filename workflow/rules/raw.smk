"""raw: nothing (scenes), a folder in a format of raw.format, or Visual Genome's download (vg) -> its files and captions.

In:  params raw; the files of raw.folder, raw.vg.have and raw.captions where given; vg keeps its downloads in raw.vg.folder
Out: data/raw/{image_data,objects,relationships,source}.json, images/, captions.tsv; scenes also truth/ and pretrain/;
     vg also alias files
"""


rule raw:
    input:
        sources=RAW_SOURCES,
        code=code("relclip.raw"),
    output:
        RAW_FILES,
        "data/raw/captions.tsv",
        directory("data/raw/images"),
        [directory(folder) for folder in stage("raw", *SOURCE.folders)],
    params:
        sections=sections("raw"),
    log:
        "logs/raw.log",
    benchmark:
        "logs/benchmarks/raw.tsv"
    threads: 2
    resources:
        **needs(gb=4, hours=12),
    shell:
        "python -m relclip.raw 2>&1 | tee {log}"
