"""kb: captions -> triplets with the sentences they came from.

In:  data/raw/captions.tsv, the vocabulary
Out: data/kb/{triplets,evidence}.parquet, statistics.json
"""

KB = ["triplets.parquet", "evidence.parquet", "statistics.json"]


rule kb_shard:
    input:
        captions="data/raw/captions.tsv",
        vocabulary="data/dataset/vocabulary.json",
        code=code("relclip.kb"),
    output:
        temp(stage("shards/kb/{shard}", *KB)),
    params:
        sections=sections("kb"),
        shard=shard_of,
    log:
        "logs/shards/kb/{shard}.log",
    benchmark:
        "logs/benchmarks/shards/kb/{shard}.tsv"
    threads: 2
    priority: 25
    resources:
        **needs(gb=4, hours=4),
    shell:
        "python -m relclip.kb --params params.yaml --captions {input.captions} --vocabulary {input.vocabulary}"
        " --shard {params.shard} --output data/shards/kb/{wildcards.shard} 2>&1 | tee {log}"


rule kb:
    input:
        captions="data/raw/captions.tsv",
        vocabulary="data/dataset/vocabulary.json",
        code=code("relclip.kb", "relclip.kb.merge"),
        shards=[stage(shard, *KB) for shard in KB_SHARDS],
    output:
        stage("kb", *KB),
    params:
        sections=sections("kb"),
    log:
        "logs/kb.log",
    benchmark:
        "logs/benchmarks/kb.tsv"
    # seconds of both cores, and all labels wait for it: before what takes one core for minutes
    threads: 2
    priority: 25
    resources:
        **needs(gb=4, hours=4),
    shell:
        logged(
            "python -m relclip.kb --params params.yaml --captions {input.captions}"
            " --vocabulary {input.vocabulary} --output data/kb",
            merged=f"python -m relclip.kb.merge --shards {folders(KB_SHARDS)} --output data/kb",
            shards=KB_SHARDS,
        )
