"""kb: captions -> triplets with the sentences they came from.

In:  data/raw/captions.tsv, the vocabulary
Out: data/kb/{triplets,evidence}.parquet, statistics.json
"""

import shlex

KB = ["triplets.parquet", "evidence.parquet", "statistics.json", DIGESTS]
#: Option -> file: the data set's other names of classes, by which sentences are read too.
KB_ALIASES = {
    "--object-aliases": PARAMS.dataset.object_aliases,
    "--predicate-aliases": PARAMS.dataset.predicate_aliases,
}
KB_ALIASES = {option: path for option, path in KB_ALIASES.items() if path}
KB_OPTIONS = " ".join(f"{option} {shlex.quote(path)}" for option, path in KB_ALIASES.items())


rule kb_shard:
    input:
        captions="data/raw/captions.tsv",
        vocabulary="data/dataset/vocabulary.json",
        aliases=DATASET_ALIASES,
        code=code("relclip.kb"),
    output:
        temp(stage("shards/kb/{shard}", *KB)),
    params:
        sections=sections("kb", "dataset.object_aliases", "dataset.predicate_aliases"),
        aliases=KB_OPTIONS,
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
        " {params.aliases} --shard {params.shard} --output data/shards/kb/{wildcards.shard} 2>&1 | tee {log}"


rule kb:
    input:
        captions="data/raw/captions.tsv",
        vocabulary="data/dataset/vocabulary.json",
        aliases=DATASET_ALIASES,
        code=code("relclip.kb", "relclip.kb.merge"),
        shards=[stage(shard, *KB) for shard in KB_SHARDS],
    output:
        stage("kb", *KB),
    params:
        sections=sections("kb", "dataset.object_aliases", "dataset.predicate_aliases"),
        aliases=KB_OPTIONS,
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
            " --vocabulary {input.vocabulary} {params.aliases} --output data/kb",
            merged=f"python -m relclip.kb.merge --shards {folders(KB_SHARDS)} --output data/kb",
            shards=KB_SHARDS,
        )
